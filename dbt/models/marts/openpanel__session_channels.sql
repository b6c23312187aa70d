{{ config(materialized='view') }}
select
  session_rows.project_id,
  session_rows.session_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign,
  {{ openpanel.channel_grouping(
    'session_rows.source', 'session_rows.medium', 'session_rows.campaign', 'categories.category'
  ) }} as channel
from {{ ref('openpanel__sessions') }} as session_rows
left join {{ ref('openpanel_source_categories') }} as categories
  on categories.source = lower(session_rows.source)
