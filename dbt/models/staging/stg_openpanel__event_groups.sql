{{ config(enabled=var('openpanel_using_groups')) }}
select event_groups.*
from {{ source('openpanel', 'event_groups') }} as event_groups
