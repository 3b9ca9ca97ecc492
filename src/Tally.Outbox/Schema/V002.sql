-- Version 2: rewinds and fair shares.

-- The wish to publish a shard again stands beside how far it was relayed, since the same owner looks at both.

ALTER TABLE {schema}.progress
    ADD COLUMN rewind_id uuid,
    ADD COLUMN rewind_from bigint,
    ADD CONSTRAINT a_rewind_has_both CHECK ((rewind_id IS NULL) = (rewind_from IS NULL));
COMMENT ON COLUMN {schema}.progress.rewind_from IS
    'Somebody wants the shard published again from this sequence on. The owner does it, and clears it by its id once Kafka acknowledged it all.';

-- An instance without a shard holds no lease, but must be counted when shards are shared out.
CREATE TABLE {schema}.instances (
    instance text PRIMARY KEY,
    alive_until timestamptz NOT NULL
);
COMMENT ON TABLE {schema}.instances IS 'Who takes part, and until when by this database''s clock.';
