-- What a seller keeps out of a show; NULL: as the settings say.
ALTER TABLE stream_sessions ADD COLUMN filters TEXT;

-- The rules that the shop announced in its chat, each with its message.
ALTER TABLE stream_sessions ADD COLUMN learned TEXT;
