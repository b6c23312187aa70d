select sync_days.*
from {{ source('openpanel', 'sync_days') }} as sync_days
