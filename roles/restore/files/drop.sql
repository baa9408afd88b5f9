-- Objects that the backup does not have would stay, and their foreign keys would keep the tables of the backup from being replaced.
-- Extensions, and objects of other owners, stay.
SET lock_timeout = '60s';
DO $drop$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        WITH owned (classid, objid, namespace) AS (
            SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
            WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_has_role(relowner, 'USAGE')
            UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc WHERE pg_has_role(proowner, 'USAGE')
            UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
            WHERE pg_has_role(typowner, 'USAGE') AND (
                typtype IN ('d', 'e', 'r')
                OR typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE pg_class.oid = typrelid AND relkind = 'c')))
        SELECT format('DROP %s IF EXISTS %s CASCADE', type, identity)
        FROM owned, pg_identify_object(classid, objid, 0)
        WHERE namespace::regnamespace::text !~ '^(pg_|information_schema$)'
        AND NOT EXISTS (SELECT FROM pg_depend WHERE pg_depend.classid = owned.classid AND pg_depend.objid = owned.objid AND deptype IN ('e', 'i'))
    LOOP
        EXECUTE statement;
    END LOOP;
END
$drop$;
