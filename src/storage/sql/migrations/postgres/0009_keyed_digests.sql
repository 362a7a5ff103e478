-- Digests of what was applied are made with the workspace's key from here on: those without it could
-- be tried out, address by address. What is applied next is noted anew.

DELETE FROM applied_manifests;
