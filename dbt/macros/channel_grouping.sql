{#
  The channel of a visit, in the order and the words of Google Analytics' default channel group.

  Args:
    source, medium, campaign: As columns of openpanel__sessions; texts in SQL.
    category: What the seed openpanel_source_categories says of the source: search, social, video,
      shopping, email or ai; null if it is not there.
#}
{%- macro channel_grouping(source, medium, campaign, category) -%}
  {%- set word = "lower(coalesce(" ~ medium ~ ", ''))" -%}
  {%- set kind = "coalesce(" ~ category ~ ", '')" -%}
  {%- set name = "lower(coalesce(" ~ campaign ~ ", ''))" -%}
  {%- set paid -%}
    ({{ word }} in ('cpc', 'ppc', 'retargeting', 'cpm', 'cpv') or {{ word }} like 'paid%')
  {%- endset -%}
  case
    when {{ source }} = 'direct' and {{ word }} in ('', 'none', '(none)', '(not set)') then 'Direct'
    when {{ name }} like '%cross-network%' then 'Cross-network'
    when {{ paid }} and ({{ kind }} = 'shopping' or {{ name }} like '%shopping%') then 'Paid Shopping'
    when {{ paid }} and {{ kind }} = 'search' then 'Paid Search'
    when {{ paid }} and {{ kind }} = 'social' then 'Paid Social'
    when {{ paid }} and {{ kind }} = 'video' then 'Paid Video'
    when {{ word }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
    when {{ paid }} then 'Paid Other'
    when {{ kind }} = 'ai' then 'AI Assistant'
    when {{ kind }} = 'shopping' or {{ name }} like '%shopping%' then 'Organic Shopping'
    when {{ kind }} = 'social'
      or {{ word }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
      then 'Organic Social'
    when {{ kind }} = 'video' or {{ word }} like '%video%' then 'Organic Video'
    when {{ kind }} = 'search' or {{ word }} in ('organic', 'search') then 'Organic Search'
    when {{ kind }} = 'email' or {{ word }} in ('email', 'e-mail', 'e_mail', 'e mail', 'newsletter')
      then 'Email'
    when {{ word }} in ('affiliate', 'affiliates') then 'Affiliates'
    when {{ word }} in ('referral', 'app', 'link') then 'Referral'
    when {{ word }} = 'audio' then 'Audio'
    when {{ word }} = 'sms' or {{ source }} = 'sms' then 'SMS'
    when {{ word }} like '%push' or {{ word }} like '%mobile%' or {{ word }} like '%notification%'
      then 'Mobile Push Notifications'
    else 'Unassigned'
  end
{%- endmacro -%}
