{% test unique_rows(model, columns) %}
  {#- No two rows have the same values, nulls included, in these columns. -#}
  select {{ columns | join(', ') }}, count(*) as rows_alike
  from {{ model }}
  group by {{ columns | join(', ') }}
  having count(*) > 1
{% endtest %}
