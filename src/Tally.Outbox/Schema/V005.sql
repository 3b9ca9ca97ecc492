-- Version 5: programs of versions that follow each other, side by side, also when the older one is started again.

ALTER TABLE {schema}.system ADD COLUMN readable_by int NOT NULL DEFAULT 4;
COMMENT ON COLUMN {schema}.system.readable_by IS
    'The oldest version whose programs work with these tables as they are now. A migration that they could not bear raises it.';
