// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL started from its embedded binaries, with its data kept in a folder.
 *
 * <p>Listens on loopback only, with a password of its own. Durable: fsync is on, and a server that
 * was cut off recovers at the next start. Blocks while it starts and stops: call it from a thread
 * of your own. A server that ends by itself is started again on the same port.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  /*
   * pg_ctl puts the server into a session of its own, so that Ctrl-C reaches Maglatch alone and the
   * last usage can still be written. The price: a Maglatch that is killed leaves the server behind.
   * The lock on data-dir/lock dies with our process, so whoever holds it may stop such an orphan.
   */
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedDatabase.class);

  private static final String USER = "maglatch";
  private static final String LOOPBACK = "127.0.0.1";
  private static final Duration INIT_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);
  private static final long RESTART_DELAY_SECONDS = 5;
  private static final int START_ATTEMPTS = 3;
  private static final int PASSWORD_BYTES = 24;
  private static final long LOG_BYTES_KEPT = 10_000_000;
  private static final FileAttribute<Set<PosixFilePermission>> OURS_ALONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path folder;
  private final Path data;
  private final Path log;
  private final FileChannel lock;
  private final PostgresPrograms programs;
  private final String password;
  private final AtomicBoolean closed = new AtomicBoolean();
  private int port;

  private EmbeddedDatabase(
      Path folder, FileChannel lock, PostgresPrograms programs, String password) {
    this.folder = folder;
    this.data = folder.resolve("database");
    this.log = folder.resolve("postgres.log");
    this.lock = lock;
    this.programs = programs;
    this.password = password;
  }

  /**
   * Starts the server of {@code folder} on a free port, making the folder if it is new.
   *
   * @throws IOException with a one-line text that says what is wrong and how to mend it
   */
  public static EmbeddedDatabase start(Path folder) throws IOException {
    return start(folder, folder);
  }

  /** As {@link #start(Path)}, with the programs unpacked in a folder that several may share. */
  static EmbeddedDatabase start(Path folder, Path programsFolder) throws IOException {
    Path absolute = folder.toAbsolutePath().normalize();
    FileChannel lock;
    try {
      Files.createDirectories(absolute);
      lock = lock(absolute);
    } catch (AccessDeniedException denied) {
      throw new IOException(
          denied.getFile() + " cannot be written; set data-dir to a folder of your own", denied);
    }
    try {
      PostgresPrograms programs =
          PostgresPrograms.of(PostgresBinaries.unpack(programsFolder.toAbsolutePath()), absolute);
      EmbeddedDatabase database =
          new EmbeddedDatabase(absolute, lock, programs, password(absolute));
      database.prepareLog();
      database.stopOrphan();
      database.initialize();
      database.startOnFreePort();
      return database;
    } catch (IOException | RuntimeException failed) {
      lock.close();
      throw failed;
    }
  }

  /** Returns how to reach the server, password included. */
  public DatabaseAddress address() {
    return DatabaseAddress.parse(url(), null, null);
  }

  /** Returns the file that holds the server's URL while it runs, readable by its owner only. */
  public Path urlFile() {
    return folder.resolve("database-url");
  }

  /** Stops the server, ending whatever is still connected. Does nothing the second time. */
  @Override
  public synchronized void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      Files.deleteIfExists(urlFile());
      stop();
    } finally {
      lock.close();
    }
  }

  @SuppressWarnings("resource") // closing the channel releases the lock, and close() does that
  private static FileChannel lock(Path folder) throws IOException {
    Path file = folder.resolve("lock");
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException heldByThisProcess) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw new IOException(
          folder
              + " is in use by another Maglatch (process "
              + Files.readString(file, US_ASCII).strip()
              + "); stop that one or set data-dir to another folder");
    }
    channel.truncate(0);
    channel.write(US_ASCII.encode(Long.toString(ProcessHandle.current().pid())));
    return channel;
  }

  private static String password(Path folder) throws IOException {
    Path file = folder.resolve("database-password");
    if (!Files.exists(file)) {
      byte[] random = new byte[PASSWORD_BYTES];
      new SecureRandom().nextBytes(random);
      write(file, HexFormat.of().formatHex(random));
    }
    return Files.readString(file, US_ASCII).strip();
  }

  private String url() {
    return "postgresql://" + USER + ":" + password + "@" + LOOPBACK + ":" + port + "/postgres";
  }

  /** Stops what a killed Maglatch left behind, and drops the note of a server that is gone. */
  private void stopOrphan() throws IOException {
    Path note = data.resolve("postmaster.pid");
    if (!Files.exists(note)) {
      return;
    }
    long pid = Long.parseLong(Files.readAllLines(note).get(0).strip());
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    String command = process.flatMap(handle -> handle.info().command()).orElse("");
    if (command.endsWith("/postgres")) {
      LOG.info("stopping the database server of an earlier run pid={}", pid);
      stop();
    } else if (process.isEmpty() || !command.isEmpty()) {
      Files.deleteIfExists(note);
    } else {
      throw new IOException(
          "process " + pid + " may still use " + data + "; stop it, or delete " + note);
    }
  }

  private void prepareLog() throws IOException {
    if (Files.exists(log) && Files.size(log) > LOG_BYTES_KEPT) {
      Files.delete(log);
    }
    if (!Files.exists(log)) {
      Files.createFile(log, OURS_ALONE);
    }
    programs.own(log);
  }

  private void initialize() throws IOException {
    if (Files.exists(data.resolve("PG_VERSION"))) {
      return;
    }
    Path unfinished = folder.resolve("database-unfinished");
    PostgresBinaries.deleteAll(unfinished);
    Files.createDirectory(unfinished);
    Path passwordFile = folder.resolve("database-password");
    programs.own(unfinished);
    programs.own(passwordFile);
    int exit =
        programs.run(
            INIT_TIMEOUT,
            log.toFile(),
            "initdb",
            "--pgdata=" + unfinished,
            "--username=" + USER,
            "--pwfile=" + passwordFile,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C");
    if (exit != 0) {
      throw new IOException("PostgreSQL could not prepare " + data + reason());
    }
    Files.move(unfinished, data);
  }

  private void startOnFreePort() throws IOException {
    for (int attempt = 1; ; attempt++) {
      port = freePort();
      if (startServer()) {
        break;
      }
      if (attempt == START_ATTEMPTS) {
        throw new IOException("PostgreSQL did not start" + reason());
      }
    }
    Files.deleteIfExists(urlFile());
    write(urlFile(), url() + "\n");
    watch();
  }

  private boolean startServer() throws IOException {
    String options =
        "-p %d -c listen_addresses=%s -c unix_socket_directories= -c fsync=on"
            + " -c synchronous_commit=on -c full_page_writes=on -c max_connections=100"
            + " -c log_timezone=UTC -c timezone=UTC";
    int exit =
        programs.run(
            START_TIMEOUT.plus(STOP_TIMEOUT),
            log.toFile(),
            "pg_ctl",
            "start",
            "--wait",
            "--timeout=" + START_TIMEOUT.toSeconds(),
            "--pgdata=" + data,
            "--log=" + log,
            "--options=" + options.formatted(port, LOOPBACK));
    return exit == 0;
  }

  private void stop() throws IOException {
    programs.run(
        STOP_TIMEOUT.plusSeconds(5),
        log.toFile(),
        "pg_ctl",
        "stop",
        "--wait",
        "--mode=fast",
        "--timeout=" + STOP_TIMEOUT.toSeconds(),
        "--pgdata=" + data);
  }

  /** Starts the server again, on its port, when it ends before {@link #close}. */
  private void watch() throws IOException {
    long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0).strip());
    CompletableFuture<Void> ended =
        ProcessHandle.of(pid)
            .map(process -> process.onExit().<Void>thenApply(any -> null))
            .orElseGet(() -> CompletableFuture.completedFuture(null));
    Executor later = CompletableFuture.delayedExecutor(RESTART_DELAY_SECONDS, SECONDS);
    ended.thenAcceptAsync(any -> restart(), later).exceptionally(this::noteFailure);
  }

  private synchronized void restart() {
    if (closed.get()) {
      return;
    }
    LOG.warn("the embedded database server has ended; starting it again port={}", port);
    try {
      stopOrphan();
      if (startServer()) {
        watch();
      } else {
        LOG.error("the embedded database server does not start log={}", log);
      }
    } catch (IOException failed) {
      LOG.error("the embedded database server does not start log={}", log, failed);
    }
  }

  private @Nullable Void noteFailure(Throwable failure) {
    LOG.error("the embedded database server is no longer watched", failure);
    return null;
  }

  /** Returns what the server's log says last about a failure, and where that log is. */
  private String reason() throws IOException {
    List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
    String last =
        lines.stream()
            .filter(line -> line.matches(".*(FATAL|PANIC|error|could not|cannot).*"))
            .reduce((earlier, later) -> later)
            .map(line -> ": " + line.replaceFirst("^.*(FATAL|PANIC): +", ""))
            .orElse("");
    return last + " (see " + log + ")";
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void write(Path file, String text) throws IOException {
    Set<StandardOpenOption> options =
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (FileChannel channel = FileChannel.open(file, options, OURS_ALONE)) {
      ByteBuffer bytes = US_ASCII.encode(text);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }
}
