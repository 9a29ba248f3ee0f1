/*
 * SQLite without its extensions.
 *
 * Every connection that is opened runs through a list of them; 0 is SQLITE_OK, with nothing registered. A statement that uses one
 * fails as it would with an SQLite that was built without it.
 */
int sqlite3Fts3Init(void *connection);
int sqlite3Fts5Init(void *connection);
int sqlite3RtreeInit(void *connection);
int sqlite3JsonTableFunctions(void *connection);
int sqlite3DbstatRegister(void *connection);
int sqlite3StmtVtabInit(void *connection);
void sqlite3RegisterJsonFunctions(void);

int sqlite3Fts3Init(void *connection)
{
	(void)connection;
	return 0;
}

int sqlite3Fts5Init(void *connection)
{
	(void)connection;
	return 0;
}

int sqlite3RtreeInit(void *connection)
{
	(void)connection;
	return 0;
}

int sqlite3JsonTableFunctions(void *connection)
{
	(void)connection;
	return 0;
}

int sqlite3DbstatRegister(void *connection)
{
	(void)connection;
	return 0;
}

int sqlite3StmtVtabInit(void *connection)
{
	(void)connection;
	return 0;
}

/* Once, with the other functions of expressions. */
void sqlite3RegisterJsonFunctions(void)
{
}
