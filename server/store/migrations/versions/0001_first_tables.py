"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('app_user',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('login', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('session_epoch', sa.Integer(), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.Column('last_login_at', UTC_TIME, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_app_user')),
    sa.UniqueConstraint('login', name=op.f('uq_app_user_login')),
    sqlite_autoincrement=True
    )
    op.create_table('audit_log',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('at', UTC_TIME, nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_log'))
    )
    op.create_index('ix_audit_log_at', 'audit_log', ['at'], unique=False)
    op.create_index('ix_audit_log_subject_at', 'audit_log', ['subject', 'at'], unique=False)
    op.create_table('connection',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=True),
    sa.Column('identity', sa.Text(), nullable=True),
    sa.Column('installation', sa.JSON(), nullable=True),
    sa.Column('adopted_at', UTC_TIME, nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("state IN ('new', 'ready', 'live', 'needs_person', 'removed')", name=op.f('ck_connection_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_connection'))
    )
    op.create_table('heartbeat',
    sa.Column('executor', sa.Text(), nullable=False),
    sa.Column('started_at', UTC_TIME, nullable=False),
    sa.Column('at', UTC_TIME, nullable=False),
    sa.Column('info', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('executor', name=op.f('pk_heartbeat'))
    )
    op.create_table('meta',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('value', sa.JSON(), nullable=True),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_meta'))
    )
    op.create_table('person',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('consent', sa.JSON(), nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.Column('paused_at', UTC_TIME, nullable=True),
    sa.Column('erased_at', UTC_TIME, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_person_paused_at', 'person', ['paused_at'], unique=False, sqlite_where=sa.text('paused_at IS NOT NULL'), postgresql_where=sa.text('paused_at IS NOT NULL'))
    op.create_table('rate_budget',
    sa.Column('budget', sa.Text(), nullable=False),
    sa.Column('arrival', sa.Float(53), nullable=False),
    sa.Column('paused_until', sa.Float(53), nullable=False),
    sa.PrimaryKeyConstraint('budget', name=op.f('pk_rate_budget'))
    )
    op.create_table('rule_state',
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('changed_by', sa.Text(), nullable=True),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.PrimaryKeyConstraint('rule', name=op.f('pk_rule_state'))
    )
    op.create_table('account',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('domains', sa.JSON(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('deleted', sa.Boolean(), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.Column('synced_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_account_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'id', name=op.f('pk_account'))
    )
    op.create_table('api_token',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('created_by', BIG_ID, nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('expires_at', UTC_TIME, nullable=True),
    sa.Column('last_used_at', UTC_TIME, nullable=True),
    sa.Column('revoked_at', UTC_TIME, nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['app_user.id'], name=op.f('fk_api_token_created_by'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('digest', name=op.f('uq_api_token_digest'))
    )
    op.create_table('connection_secret',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.Column('lease_holder', sa.Text(), nullable=True),
    sa.Column('lease_until', UTC_TIME, nullable=True),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_connection_secret_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'name', name=op.f('pk_connection_secret'))
    )
    op.create_table('contact',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('person_id', BIG_ID, nullable=True),
    sa.Column('joined_by', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('email_verified', sa.Boolean(), nullable=False),
    sa.Column('email_key', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=True),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('time_zone', sa.Text(), nullable=True),
    sa.Column('locale', sa.Text(), nullable=True),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('deleted', sa.Boolean(), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.Column('synced_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_contact_connection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_contact_person_id')),
    sa.PrimaryKeyConstraint('connection_id', 'id', name=op.f('pk_contact'))
    )
    op.create_index('ix_contact_connection_id_account_id', 'contact', ['connection_id', 'account_id'], unique=False)
    op.create_index('ix_contact_email_key', 'contact', ['email_key'], unique=False)
    op.create_index('ix_contact_external_id', 'contact', ['external_id'], unique=False)
    op.create_index('ix_contact_person_id', 'contact', ['person_id'], unique=False)
    op.create_table('correction',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('record_kind', sa.Text(), nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('person_id', BIG_ID, nullable=True),
    sa.Column('our_value', sa.JSON(), nullable=True),
    sa.Column('person_value', sa.JSON(), nullable=True),
    sa.Column('receipt', sa.JSON(), nullable=True),
    sa.Column('at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_correction_connection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_correction_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correction'))
    )
    op.create_index('ix_correction_at', 'correction', ['at'], unique=False)
    op.create_index('ix_correction_connection_id_record_kind_record_id', 'correction', ['connection_id', 'record_kind', 'record_id'], unique=False)
    op.create_table('cursor',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('cursor', sa.Text(), nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_cursor_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'kind', name=op.f('pk_cursor'))
    )
    op.create_table('erased_contact',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('erased_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_erased_contact_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'digest', name=op.f('pk_erased_contact'))
    )
    op.create_table('field_state',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('record_kind', sa.Text(), nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('intended', sa.JSON(), nullable=True),
    sa.Column('sent', sa.JSON(), nullable=False),
    sa.Column('sent_at', UTC_TIME, nullable=True),
    sa.Column('written', sa.JSON(), nullable=True),
    sa.Column('written_at', UTC_TIME, nullable=True),
    sa.Column('kept', sa.Boolean(), nullable=False),
    sa.Column('person_value', sa.JSON(), nullable=True),
    sa.Column('person_at', UTC_TIME, nullable=True),
    sa.Column('due', sa.Boolean(), nullable=False),
    sa.Column('next_at', UTC_TIME, nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('receipt', sa.JSON(), nullable=True),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_field_state_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'record_kind', 'record_id', 'field', name=op.f('pk_field_state'))
    )
    op.create_index('ix_field_state_due', 'field_state', ['connection_id', 'next_at', 'record_kind', 'record_id'], unique=False, sqlite_where=sa.text('due = 1'), postgresql_where=sa.text('due'))
    op.create_table('inbox',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('dedup', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('record_kind', sa.Text(), nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('partition', sa.Text(), nullable=True),
    sa.Column('at', UTC_TIME, nullable=False),
    sa.Column('received_at', UTC_TIME, nullable=False),
    sa.Column('pumped_at', UTC_TIME, nullable=True),
    sa.Column('done_at', UTC_TIME, nullable=True),
    sa.Column('failed_at', UTC_TIME, nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_inbox_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox')),
    sa.UniqueConstraint('connection_id', 'dedup', name=op.f('uq_inbox_connection_id_dedup')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_inbox_connection_id_received_at', 'inbox', ['connection_id', 'received_at'], unique=False)
    op.create_index('ix_inbox_done_at', 'inbox', ['done_at'], unique=False)
    op.create_index('ix_inbox_failed', 'inbox', ['connection_id', 'failed_at'], unique=False, sqlite_where=sa.text('failed_at IS NOT NULL'), postgresql_where=sa.text('failed_at IS NOT NULL'))
    op.create_index('ix_inbox_open', 'inbox', ['connection_id'], unique=False, sqlite_where=sa.text('done_at IS NULL AND failed_at IS NULL'), postgresql_where=sa.text('done_at IS NULL AND failed_at IS NULL'))
    op.create_index('ix_inbox_pumped', 'inbox', ['pumped_at'], unique=False, sqlite_where=sa.text('pumped_at IS NOT NULL AND done_at IS NULL AND failed_at IS NULL'), postgresql_where=sa.text('pumped_at IS NOT NULL AND done_at IS NULL AND failed_at IS NULL'))
    op.create_index('ix_inbox_waiting', 'inbox', ['id'], unique=False, sqlite_where=sa.text('pumped_at IS NULL'), postgresql_where=sa.text('pumped_at IS NULL'))
    op.create_table('interaction',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('ticket_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('author_id', sa.Text(), nullable=True),
    sa.Column('author_role', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('content_hash', sa.Text(), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('synced_at', UTC_TIME, nullable=False),
    sa.Column('enriched_at', UTC_TIME, nullable=True),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_interaction_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'ticket_id', 'id', name=op.f('pk_interaction'))
    )
    op.create_index('ix_interaction_connection_id_author_id_created_at', 'interaction', ['connection_id', 'author_id', 'created_at'], unique=False)
    op.create_index('ix_interaction_connection_id_ticket_id_created_at', 'interaction', ['connection_id', 'ticket_id', 'created_at'], unique=False)
    op.create_index('ix_interaction_new', 'interaction', ['connection_id', 'ticket_id', 'created_at'], unique=False, sqlite_where=sa.text('enriched_at IS NULL'), postgresql_where=sa.text('enriched_at IS NULL'))
    op.create_table('intervention',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('rule_title', sa.Text(), nullable=False),
    sa.Column('rule_version', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('connection_id', sa.Text(), nullable=True),
    sa.Column('ticket_id', sa.Text(), nullable=True),
    sa.Column('contact_id', sa.Text(), nullable=True),
    sa.Column('person_id', BIG_ID, nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=True),
    sa.Column('needs_approval', sa.Boolean(), nullable=False),
    sa.Column('actions', sa.JSON(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('receipt', sa.JSON(), nullable=True),
    sa.Column('result', sa.JSON(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('due_at', UTC_TIME, nullable=True),
    sa.Column('expires_at', UTC_TIME, nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_at', UTC_TIME, nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.CheckConstraint("state IN ('proposed', 'approved', 'due', 'delivered', 'held_back', 'failed', 'expired', 'declined')", name=op.f('ck_intervention_state')),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_intervention_connection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_intervention_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intervention')),
    sa.UniqueConstraint('rule', 'subject', 'cause', name=op.f('uq_intervention_rule_subject_cause')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_intervention_connection_id_contact_id', 'intervention', ['connection_id', 'contact_id'], unique=False)
    op.create_index('ix_intervention_connection_id_ticket_id', 'intervention', ['connection_id', 'ticket_id'], unique=False)
    op.create_index('ix_intervention_created_at', 'intervention', ['created_at'], unique=False)
    op.create_index('ix_intervention_expires_at', 'intervention', ['expires_at'], unique=False, sqlite_where=sa.text("state IN ('proposed', 'approved')"), postgresql_where=sa.text("state IN ('proposed', 'approved')"))
    op.create_index('ix_intervention_person_id_created_at', 'intervention', ['person_id', 'created_at'], unique=False)
    op.create_index('ix_intervention_rule_created_at', 'intervention', ['rule', 'created_at'], unique=False)
    op.create_index('ix_intervention_state_created_at', 'intervention', ['state', 'created_at'], unique=False)
    op.create_index('ix_intervention_state_due_at', 'intervention', ['state', 'due_at'], unique=False)
    op.create_table('moment',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('ticket_id', sa.Text(), nullable=False),
    sa.Column('interaction_id', sa.Text(), nullable=True),
    sa.Column('contact_id', sa.Text(), nullable=True),
    sa.Column('person_id', BIG_ID, nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('at', UTC_TIME, nullable=False),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.Column('receipt', sa.JSON(), nullable=True),
    sa.Column('superseded_by', sa.Text(), nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_moment_connection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_moment_person_id')),
    sa.PrimaryKeyConstraint('connection_id', 'id', name=op.f('pk_moment'))
    )
    op.create_index('ix_moment_at', 'moment', ['at'], unique=False)
    op.create_index('ix_moment_connection_id_contact_id', 'moment', ['connection_id', 'contact_id'], unique=False)
    op.create_index('ix_moment_connection_id_ticket_id_at', 'moment', ['connection_id', 'ticket_id', 'at'], unique=False)
    op.create_index('ix_moment_person_id_at', 'moment', ['person_id', 'at'], unique=False)
    op.create_table('person_state',
    sa.Column('person_id', BIG_ID, autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.JSON(), nullable=False),
    sa.Column('feeling', sa.Float(53), nullable=True),
    sa.Column('churn_risk', sa.Float(53), nullable=True),
    sa.Column('last_moment_at', UTC_TIME, nullable=True),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_person_state_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_person_state'))
    )
    op.create_index('ix_person_state_churn_risk', 'person_state', ['churn_risk'], unique=False)
    op.create_index('ix_person_state_feeling', 'person_state', ['feeling'], unique=False)
    op.create_index('ix_person_state_last_moment_at', 'person_state', ['last_moment_at'], unique=False)
    op.create_table('reading',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('interaction_id', sa.Text(), nullable=False),
    sa.Column('content_hash', sa.Text(), nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('reading', sa.JSON(), nullable=False),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_reading_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'interaction_id', 'content_hash', 'model', name=op.f('pk_reading'))
    )
    op.create_table('survey',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('ticket_id', sa.Text(), nullable=True),
    sa.Column('contact_id', sa.Text(), nullable=True),
    sa.Column('score', sa.Float(53), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('synced_at', UTC_TIME, nullable=False),
    sa.Column('enriched_at', UTC_TIME, nullable=True),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_survey_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'id', name=op.f('pk_survey'))
    )
    op.create_index('ix_survey_connection_id_contact_id', 'survey', ['connection_id', 'contact_id'], unique=False)
    op.create_index('ix_survey_connection_id_ticket_id', 'survey', ['connection_id', 'ticket_id'], unique=False)
    op.create_table('ticket',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('person_id', BIG_ID, nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('priority', sa.Text(), nullable=True),
    sa.Column('contact_id', sa.Text(), nullable=True),
    sa.Column('account_id', sa.Text(), nullable=True),
    sa.Column('assignee_id', sa.Text(), nullable=True),
    sa.Column('group_id', sa.Text(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('tags', sa.JSON(), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('version', sa.Text(), nullable=True),
    sa.Column('created_at', UTC_TIME, nullable=False),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.Column('synced_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_ticket_connection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_ticket_person_id')),
    sa.PrimaryKeyConstraint('connection_id', 'id', name=op.f('pk_ticket'))
    )
    op.create_index('ix_ticket_connection_id_contact_id', 'ticket', ['connection_id', 'contact_id'], unique=False)
    op.create_index('ix_ticket_connection_id_updated_at', 'ticket', ['connection_id', 'updated_at'], unique=False)
    op.create_index('ix_ticket_person_id_updated_at', 'ticket', ['person_id', 'updated_at'], unique=False)
    op.create_table('ticket_state',
    sa.Column('connection_id', sa.Text(), nullable=False),
    sa.Column('ticket_id', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.JSON(), nullable=False),
    sa.Column('sensed', sa.JSON(), nullable=False),
    sa.Column('synced_version', sa.Text(), nullable=True),
    sa.Column('updated_at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_ticket_state_connection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('connection_id', 'ticket_id', name=op.f('pk_ticket_state'))
    )
    op.create_table('verdict',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('rule_version', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('connection_id', sa.Text(), nullable=True),
    sa.Column('ticket_id', sa.Text(), nullable=True),
    sa.Column('person_id', BIG_ID, nullable=True),
    sa.Column('fires', sa.Boolean(), nullable=False),
    sa.Column('trace', sa.JSON(), nullable=False),
    sa.Column('at', UTC_TIME, nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_verdict_connection_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_verdict_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_verdict')),
    sa.UniqueConstraint('rule', 'subject', 'cause', 'rule_version', name=op.f('uq_verdict_rule_subject_cause_rule_version'))
    )
    op.create_index('ix_verdict_at', 'verdict', ['at'], unique=False)
    op.create_index('ix_verdict_person_id_at', 'verdict', ['person_id', 'at'], unique=False)
    op.create_index('ix_verdict_rule_at', 'verdict', ['rule', 'at'], unique=False)
    op.create_table('delivery',
    sa.Column('id', BIG_ID, autoincrement=True, nullable=False),
    sa.Column('intervention_id', BIG_ID, nullable=False),
    sa.Column('action_index', sa.Integer(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('status_code', sa.Integer(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('started_at', UTC_TIME, nullable=False),
    sa.Column('finished_at', UTC_TIME, nullable=True),
    sa.Column('next_at', UTC_TIME, nullable=True),
    sa.Column('dead', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['intervention_id'], ['intervention.id'], name=op.f('fk_delivery_intervention_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('intervention_id', 'action_index', 'attempt', name=op.f('uq_delivery_intervention_id_action_index_attempt'))
    )
    op.create_index('ix_delivery_dead', 'delivery', ['started_at'], unique=False, sqlite_where=sa.text('dead = 1'), postgresql_where=sa.text('dead'))
    op.create_index('ix_delivery_next_at', 'delivery', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
    op.create_index('ix_delivery_started_at', 'delivery', ['started_at'], unique=False)


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first tables")
