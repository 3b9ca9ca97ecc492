-- Version 4: retention. Whole segments go, oldest first; what they held stays in two numbers and a state.

CREATE TABLE {schema}.trimmed (
    shard int PRIMARY KEY REFERENCES {schema}.shards,
    last_sequence bigint NOT NULL,
    count bigint NOT NULL,
    epoch bigint NOT NULL,
    state bytea NOT NULL,
    trimmed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {schema}.trimmed IS
    'What retention took from a shard: its last result, how many there were, and the epoch and the application''s state there. Readers ignore what lies at or below it.';

-- Retention counts from here, by this database's clock: a segment that Kafka got late stays as long as one that it got at once.
CREATE TABLE {schema}.relayed_segments (
    shard int NOT NULL REFERENCES {schema}.shards,
    segment bigint NOT NULL,
    relayed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (shard, segment)
);
COMMENT ON TABLE {schema}.relayed_segments IS 'When it was first noticed that Kafka has all of a segment.';

CREATE TABLE {schema}.consumers (
    consumer text NOT NULL,
    shard int NOT NULL REFERENCES {schema}.shards,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    confirmed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, shard)
);
COMMENT ON TABLE {schema}.consumers IS
    'What each registered consumer holds durably; its first confirmation registers it. Nothing that one of them lacks is dropped: delete the rows of one that is gone.';

-- What was trimmed may still be there for a while; whoever looks must not see it come and go.
CREATE OR REPLACE VIEW {schema}.outbox AS
SELECT b.shard,
       b.first_sequence + p.ordinality - 1 AS sequence,
       b.first_sequence,
       b.epoch,
       p.payload,
       b.topic,
       b.headers[p.ordinality]::json AS headers,
       b.committed_at
FROM {schema}.outbox_batches b
LEFT JOIN {schema}.trimmed t ON t.shard = b.shard
CROSS JOIN LATERAL unnest(b.payloads) WITH ORDINALITY AS p(payload, ordinality)
WHERE b.first_sequence > coalesce(t.last_sequence, 0);
