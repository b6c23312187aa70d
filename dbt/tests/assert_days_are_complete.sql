-- Every day, by its last reading, is proven whole, or not over yet.
with readings as (
  select
    sync_days.project_id,
    sync_days.day,
    sync_days.verdict,
    sync_days.total_count,
    sync_days.rows_received,
    row_number() over (
      partition by sync_days.project_id, sync_days.day
      order by sync_days.read_at desc, sync_days.load_id desc
    ) as place
  from {{ ref('stg_openpanel__sync_days') }} as sync_days
)
select
  readings.project_id, readings.day, readings.verdict, readings.total_count, readings.rows_received
from readings
where readings.place = 1 and readings.verdict not in ('complete', 'open')
