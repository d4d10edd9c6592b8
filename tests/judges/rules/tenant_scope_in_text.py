# ruleid: tenant_scope_in_text
OF_ANYBODY = """
SELECT r.id, r.state FROM json_each(?) AS asked JOIN appointment_requests r ON r.id = asked.value
"""

# ruleid: tenant_scope_in_text
CANCEL_OF_ANYBODY = """
UPDATE appointment_requests SET state = $2 WHERE id = ANY ($1::bigint[]) RETURNING id
"""

# ok: tenant_scope_in_text
OF_AN_OWNER = """
SELECT r.id, r.state FROM unnest($1::bigint[], $2::text[]) AS asked (id, owner)
JOIN appointment_requests r USING (id, owner)
"""

# ok: tenant_scope_in_text
OF_NOBODY = """
SELECT capacity FROM capacity WHERE area = ?
"""
