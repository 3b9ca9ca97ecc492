-- Version 6: a look for wishes that doesn't read what a long transaction makes the table keep. Each note of what was relayed leaves a dead row behind, and
-- while somebody holds a snapshot open none of them can go.

CREATE INDEX open_rewinds ON {schema}.progress (shard) WHERE rewind_id IS NOT NULL;
