-- Version 1 of the outbox. "{schema}" is replaced by the schema's quoted name. Tables of shards and segments are made by code.

CREATE TABLE {schema}.system (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id uuid NOT NULL,
    shards int NOT NULL,
    segment_size bigint NOT NULL,
    schema_version int NOT NULL
);
COMMENT ON TABLE {schema}.system IS 'One row: the identity of this outbox, its number of shards, and the version of these tables.';

-- Three tables, so that each row changes only as often as its reason does: what the writer locks with every commit (shards)
-- must not grow a chain of dead versions from what changes every second (leases, progress).
CREATE TABLE {schema}.shards (
    shard int PRIMARY KEY,
    epoch bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE {schema}.shards IS 'The fence: the epoch of the writer that may append to a shard. Changes at a claim only.';

CREATE TABLE {schema}.leases (
    shard int PRIMARY KEY REFERENCES {schema}.shards,
    owner text NOT NULL DEFAULT '',
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE {schema}.leases IS 'Who writes and relays a shard, and until when by this database''s clock.';

CREATE TABLE {schema}.progress (
    shard int PRIMARY KEY REFERENCES {schema}.shards,
    relayed bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE {schema}.progress IS 'The highest sequence that Kafka acknowledged without a gap below it. Written lazily: publishing again is harmless.';

CREATE TABLE {schema}.outbox_batches (
    shard int NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    state bytea NOT NULL,
    payloads bytea[] NOT NULL,
    topic text NOT NULL,
    headers text[],
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (shard, first_sequence),
    CHECK (last_sequence - first_sequence + 1 = cardinality(payloads))
) PARTITION BY LIST (shard);
-- Compressing costs more than it saves on the hot path.
ALTER TABLE {schema}.outbox_batches ALTER COLUMN payloads SET STORAGE EXTERNAL;
COMMENT ON TABLE {schema}.outbox_batches IS 'One row a commit: all results that shared it, in order. Insert only.';

CREATE VIEW {schema}.outbox AS
SELECT b.shard,
       b.first_sequence + p.ordinality - 1 AS sequence,
       b.first_sequence,
       b.epoch,
       p.payload,
       b.topic,
       b.headers[p.ordinality]::json AS headers,
       b.committed_at
FROM {schema}.outbox_batches b
CROSS JOIN LATERAL unnest(b.payloads) WITH ORDINALITY AS p(payload, ordinality);
COMMENT ON VIEW {schema}.outbox IS 'One row a result, for people. Programs read outbox_batches_<shard>.';
