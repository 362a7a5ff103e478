-- How often a delivery that had failed was put back to be sent again. No filter of the ledger gets an
-- index: it would be written at every move of every row, and a walk through a run of a million rows,
-- in the order of its key, takes less than a second.

ALTER TABLE deliveries ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
