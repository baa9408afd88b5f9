-- What people made in this database as its first superuser, and the database itself, get another owner.
-- REASSIGN OWNED refuses that role. Of an extension's objects, only the superuser is the owner.
SELECT 'CREATE ROLE platform_application'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'platform_application') \gexec

SELECT format('ALTER DATABASE %I OWNER TO platform_application', datname)
FROM pg_database WHERE datname = current_database() AND datdba = 10 AND oid >= 16384 AND datname <> 'postgres' \gexec

WITH owned (classid, objid) AS (
    SELECT 'pg_class'::regclass, oid FROM pg_class
    WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    -- The sequence of a column follows its table.
    AND NOT (relkind = 'S' AND EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')))
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
    WHERE typowner = 10 AND (
        typtype IN ('d', 'e', 'r') OR typtype = 'b' AND typcategory <> 'A'
        OR typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE pg_class.oid = typrelid AND relkind = 'c'))
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE proowner = 10
    UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspowner = 10 AND nspname !~ '^pg_'
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collowner = 10
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE conowner = 10
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprowner = 10
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass WHERE opcowner = 10
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfowner = 10
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictowner = 10
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgowner = 10
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxowner = 10
    UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata WHERE lomowner = 10
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server WHERE srvowner = 10)
SELECT format('ALTER %s %s OWNER TO platform_application', replace(type, 'statistics object', 'statistics'), identity)
FROM owned, pg_identify_object(classid, objid, 0)
-- Lower numbers are objects of initdb, except those of large objects; of initdb's, the schema public is the application's.
WHERE (objid >= 16384 OR type = 'large object' OR type = 'schema' AND identity = 'public')
AND coalesce(schema, '') !~ '^pg_(temp|toast)'
AND NOT EXISTS (SELECT FROM pg_depend AS part WHERE part.classid = owned.classid AND part.objid = owned.objid AND part.deptype = 'e') \gexec

SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE platform_application %s GRANT %s ON %s TO %s %s',
    'IN SCHEMA ' || quote_ident(nspname), privilege_type,
    CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN 'WITH GRANT OPTION' END)
FROM pg_default_acl LEFT JOIN pg_namespace ON pg_namespace.oid = defaclnamespace, aclexplode(defaclacl)
WHERE defaclrole = 10 AND grantee <> 10 \gexec
