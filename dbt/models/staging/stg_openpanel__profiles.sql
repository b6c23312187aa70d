{{ config(enabled=var('openpanel_using_profiles')) }}
select profiles.*
from {{ source('openpanel', 'profiles') }} as profiles
