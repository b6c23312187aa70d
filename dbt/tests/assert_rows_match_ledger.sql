-- The table events holds as many rows of each day as the last reading of it has loaded.
with readings as (
  select
    sync_days.project_id,
    sync_days.day,
    sync_days.distinct_ids,
    row_number() over (
      partition by sync_days.project_id, sync_days.day
      order by sync_days.read_at desc, sync_days.load_id desc
    ) as place
  from {{ ref('stg_openpanel__sync_days') }} as sync_days
),
told as (
  select readings.project_id, readings.day, readings.distinct_ids as loaded
  from readings
  where readings.place = 1
),
counted as (
  select events.project_id, events.event_date as day, count(*) as held
  from {{ ref('stg_openpanel__events') }} as events
  group by events.project_id, events.event_date
)
select
  coalesce(told.project_id, counted.project_id) as project_id,
  coalesce(told.day, counted.day) as day,
  coalesce(told.loaded, 0) as loaded,
  coalesce(counted.held, 0) as held
from told
full outer join counted on counted.project_id = told.project_id and counted.day = told.day
where coalesce(told.loaded, 0) <> coalesce(counted.held, 0)
