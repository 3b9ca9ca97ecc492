-- Version 3: idempotency keys. Two tables take turns: one takes new keys, both are looked up, and when the retention time is over the older one is
-- emptied and takes its turn. Deleting row by row would leave as many dead rows as there were calls.

CREATE TABLE {schema}.key_turn (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    taking_table int NOT NULL CHECK (taking_table IN (0, 1)),
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {schema}.key_turn IS 'One row: which of keys_0 and keys_1 takes new keys, and since when.';
INSERT INTO {schema}.key_turn (taking_table) VALUES (0);

-- Each is emptied as a whole, and plans are fixed in append_with_keys: neither vacuuming nor statistics are of use.
CREATE TABLE {schema}.keys_0 (
    epoch bigint NOT NULL,
    epoch_first_sequence bigint NOT NULL,
    sequence bigint NOT NULL,
    shard int NOT NULL,
    key bytea PRIMARY KEY,
    fingerprint bytea NOT NULL
) WITH (autovacuum_enabled = false);
CREATE TABLE {schema}.keys_1 (LIKE {schema}.keys_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
COMMENT ON TABLE {schema}.keys_0 IS 'Where the result of each idempotency key stands, and what was asked. A key is UTF-8, or, behind the byte 255, the bytes of a UUID.';
COMMENT ON TABLE {schema}.keys_1 IS 'As keys_0.';

-- Stores a batch of which some results have keys (in_places: their indexes in the batch), all or nothing. Gives back
--   no row                      the shard was claimed by somebody else: nothing is stored
--   one row with place -1       stored
--   rows with a place from 0    these results' keys are known, here is where their results stand: nothing is stored
--   unique_violation            a key is known, or was taken while this waited for it: nothing is stored; call again with in_look
-- Without in_look the table that takes new keys isn't searched, only added to: most keys are new, and the unique index finds those that aren't.
-- It must be VOLATILE and run under READ COMMITTED: each statement then sees what was committed before it began.
CREATE FUNCTION {schema}.append_with_keys(
    in_shard int, in_epoch bigint, in_epoch_first bigint, in_first bigint, in_last bigint, in_state bytea,
    in_payloads bytea[], in_topic text, in_headers text[], in_keys bytea[], in_fingerprints bytea[], in_places int[], in_look boolean)
RETURNS TABLE (place int, fingerprint bytea, shard int, epoch bigint, epoch_first_sequence bigint, sequence bigint)
LANGUAGE plpgsql VOLATILE
-- The one good plan looks each key up in the index. A plan made while the tables are small would read them whole, and be kept while they grow.
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
#variable_conflict use_column
DECLARE
    taking int;
    known boolean := false;
BEGIN
    -- The fence, as in an append without keys: held until this commits.
    PERFORM 1 FROM {schema}.shards s WHERE s.shard = in_shard AND s.epoch = in_epoch FOR SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    -- The tables don't change turns before this commits, so nobody can put one of these keys into the other table meanwhile.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('tally.outbox.keys.{schema}', 0));
    SELECT t.taking_table INTO STRICT taking FROM {schema}.key_turn t WHERE t.only_row;

    IF taking <> 0 OR in_look THEN
        RETURN QUERY
            SELECT asked.place, k.fingerprint, k.shard, k.epoch, k.epoch_first_sequence, k.sequence
            FROM unnest(in_keys, in_places) AS asked(key, place) JOIN {schema}.keys_0 k ON k.key = asked.key;
        known := FOUND;
    END IF;
    IF taking <> 1 OR in_look THEN
        RETURN QUERY
            SELECT asked.place, k.fingerprint, k.shard, k.epoch, k.epoch_first_sequence, k.sequence
            FROM unnest(in_keys, in_places) AS asked(key, place) JOIN {schema}.keys_1 k ON k.key = asked.key;
        known := known OR FOUND;
    END IF;
    IF known THEN
        RETURN;
    END IF;

    -- The unique index makes this wait for whoever is storing one of these keys now. All go through their keys in the same order, so that no two
    -- wait for each other. (A lock a key would fill the server's lock table: it has room for a few thousand in all.)
    IF taking = 0 THEN
        INSERT INTO {schema}.keys_0 (epoch, epoch_first_sequence, sequence, shard, key, fingerprint)
        SELECT in_epoch, in_epoch_first, in_first + new.place, in_shard, new.key, new.fingerprint
        FROM unnest(in_keys, in_fingerprints, in_places) AS new(key, fingerprint, place)
        ORDER BY new.key;
    ELSE
        INSERT INTO {schema}.keys_1 (epoch, epoch_first_sequence, sequence, shard, key, fingerprint)
        SELECT in_epoch, in_epoch_first, in_first + new.place, in_shard, new.key, new.fingerprint
        FROM unnest(in_keys, in_fingerprints, in_places) AS new(key, fingerprint, place)
        ORDER BY new.key;
    END IF;

    EXECUTE format(
        'INSERT INTO {schema}.outbox_batches_%s (shard, first_sequence, last_sequence, epoch, state, payloads, topic, headers) '
        'VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', in_shard)
    USING in_shard, in_first, in_last, in_epoch, in_state, in_payloads, in_topic, in_headers;
    RETURN QUERY SELECT -1, NULL::bytea, NULL::int, NULL::bigint, NULL::bigint, NULL::bigint;
END
$function$;
