"""The index over vectors that stand in PostgreSQL with pgvector, for more than one process holds.

Chosen by VECTORS_URL=postgresql://user@host/name in the environment; needs
requirements-postgres.txt here and the extension `vector` there. docs/scale.md says more.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from jobtitles.catalogue import vectors_key
from jobtitles.encoder import DIMENSION, Encoder, Progress
from jobtitles.errors import SourceError
from jobtitles.index import EF_BUILD, EF_SEARCH, LINKS, MOST_BY_GRAPH

log = logging.getLogger(__name__)

CONNECTIONS = 8
SECONDS = 15  # to wait for a connection
PORTION = 8192  # titles encoded and written in one transaction; what a kill loses
EXTENDING = 7_301_102  # key of the lock under which the extension is made; any number


class VectorDatabase:
    """A database that keeps the vectors of catalogues, one table for each model and catalogue."""

    def __init__(self, url: str) -> None:
        """Connect.

        Args:
            url: As libpq takes it, postgresql://user:password@host:port/name.

        Raises:
            SourceError: It is no such URL, nothing answers, or pgvector is not installed there.
        """
        try:
            place = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            place = {"host": "@"}
        # A password that is not percent-encoded ends in one of these; libpq's words would show it.
        if any("@" in str(place.get(part, "")) for part in ("host", "port", "dbname")):
            raise SourceError(
                "VECTORS_URL is no URL of a PostgreSQL database: give postgresql://user@host/name, "
                "user and password percent-encoded."
            ) from None
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=SECONDS,
            kwargs={"autocommit": True},
            configure=_configured,
            check=ConnectionPool.check_connection,
            open=False,
        )
        try:
            with psycopg.connect(url, connect_timeout=SECONDS) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [EXTENDING])
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            self._pool.open(wait=True, timeout=SECONDS)
        except (psycopg.Error, PoolTimeout) as error:
            self._pool.close()
            raise _failed(error) from None

    def index(
        self, texts: list[str], encoder: Encoder, progress: Progress | None = None
    ) -> "DatabaseIndex":
        """The index over a model's vectors of the texts, encoded and written if they are not there.

        A killed filling is taken up at its last portion; of several processes one fills.

        Args:
            texts: Titles.
            encoder: The model.
            progress: Told of the encoding: (titles done, titles in all).

        Raises:
            SourceError: The database fails.
        """
        key = vectors_key(texts, encoder) | {"precision": encoder.precision}
        key |= {"graph": f"M={LINKS} ef={EF_BUILD}"}
        digest = hashlib.sha256(repr(sorted(key.items())).encode()).hexdigest()
        table = sql.Identifier(f"titles_{digest[:20]}")
        graph = f"graph_{digest[:20]}"
        with self.connection() as connection:
            lock = int(digest[:15], 16)
            connection.execute("SELECT pg_advisory_lock(%s)", [lock])
            try:
                self._fill(connection, table, graph, texts, encoder, progress)
            finally:
                if not connection.closed:
                    connection.execute("SELECT pg_advisory_unlock(%s)", [lock])
        return DatabaseIndex(self, table, len(texts))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """A connection from the pool.

        Raises:
            SourceError: The database fails.
        """
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as error:
            raise _failed(error) from error

    def _fill(
        self,
        connection: psycopg.Connection,
        table: sql.Identifier,
        graph: str,
        texts: list[str],
        encoder: Encoder,
        progress: Progress | None,
    ) -> None:
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} "
                "(row integer PRIMARY KEY, vector vector({}) NOT NULL)"
            ).format(table, sql.Literal(DIMENSION))
        )
        # Portions are written in order, each whole or not at all: their number says where it stood.
        [done] = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
        copy = sql.SQL("COPY {} (row, vector) FROM STDIN WITH (FORMAT BINARY)").format(table)
        for start in range(done, len(texts), PORTION):
            vectors = encoder.encode(texts[start : start + PORTION])
            with connection.transaction(), connection.cursor().copy(copy) as rows:
                rows.set_types(["int4", "vector"])
                for place, vector in enumerate(vectors, start):
                    rows.write_row([place, vector])
            if progress:
                progress(start + len(vectors), len(texts))
        [found] = connection.execute("SELECT to_regclass(%s)", [graph]).fetchone()
        if found is None:
            connection.execute(
                sql.SQL(
                    "CREATE INDEX {} ON {} USING hnsw (vector vector_ip_ops) "
                    "WITH (m = {}, ef_construction = {})"
                ).format(sql.Identifier(graph), table, sql.Literal(LINKS), sql.Literal(EF_BUILD))
            )
            connection.execute(sql.SQL("ANALYZE {}").format(table))


class DatabaseIndex:
    """As `TitleIndex`, over a table of a `VectorDatabase`."""

    method = "pgvector"

    def __init__(self, database: VectorDatabase, table: sql.Identifier, count: int) -> None:
        self._database = database
        self._table = table
        self._count = count

    def search(
        self, queries: np.ndarray, k: int, threads: int = 1, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `TitleIndex.search`; the database shares out its threads itself.

        Raises:
            SourceError: The database fails.
        """
        k = min(k, self._count if among is None else len(among))
        if not k or not len(queries):
            return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        wanted = sql.SQL("" if among is None else "WHERE t.row = ANY(%(among)s)")
        statement = sql.SQL(
            "SELECT found.row, found.score FROM unnest(%(queries)s::vector[]) "
            "WITH ORDINALITY AS query (vector, number) CROSS JOIN LATERAL ("
            "SELECT t.row, -(t.vector <#> query.vector) AS score FROM {} t {} "
            "ORDER BY t.vector <#> query.vector LIMIT %(k)s) found "
            "ORDER BY query.number, found.score DESC, found.row"
        ).format(self._table, wanted)
        values = {"queries": list(queries), "k": k, "among": None if among is None else list(among)}
        every = among is not None or k > MOST_BY_GRAPH
        found = self._asked(statement, values, every)
        if len(found) < k * len(queries):  # a graph does not promise k
            found = self._asked(statement, values, every=True)
        shape = (len(queries), k)
        rows = np.array([row for row, _ in found], np.int64).reshape(shape)
        return rows, np.array([score for _, score in found], np.float32).reshape(shape)

    def vectors(self, rows: np.ndarray | None = None) -> np.ndarray:
        """As `TitleIndex.vectors`.

        Raises:
            SourceError: The database fails.
        """
        wanted = np.arange(self._count) if rows is None else rows
        statement = sql.SQL("SELECT row, vector FROM {} WHERE row = ANY(%s)").format(self._table)
        with self._database.connection() as connection:
            found = connection.execute(statement, [wanted.tolist()], binary=True).fetchall()
        place = {row: number for number, (row, _) in enumerate(found)}
        every = [vector.to_numpy() for _, vector in found]
        return np.array(every, np.float32).reshape(-1, DIMENSION)[
            [place[row] for row in wanted.tolist()]
        ]

    def _asked(self, statement: sql.Composed, values: dict, every: bool) -> list[tuple[int, float]]:
        """Rows and scores; where `every` is true all vectors are compared, not the graph's."""
        with self._database.connection() as connection, connection.transaction():
            if every:
                connection.execute("SET LOCAL enable_indexscan = off")
            # Never prepared: a plan that was kept would not heed the setting.
            return connection.execute(statement, values, prepare=False).fetchall()


def _configured(connection: psycopg.Connection) -> None:
    register_vector(connection)
    connection.execute(sql.SQL("SET hnsw.ef_search = {}").format(sql.Literal(EF_SEARCH)))


def _failed(error: BaseException) -> SourceError:
    """What the page may show; where the database is stands in the log only."""
    log.warning("the vectors' database: %s", error)
    return SourceError(
        "The database of vectors (VECTORS_URL) fails: see the log, and look whether it runs and "
        "has the extension vector."
    )


@cache
def shared_database(url: str) -> VectorDatabase:
    """One database, and one pool of connections, for all of a process that names the same URL.

    Raises:
        SourceError: It cannot be used.
    """
    return VectorDatabase(url)
