// Threads, a pool, a lock with conditions, garbage, files, a socket, a child.
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Threads {
    static long pool() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(16);
        List<Future<Long>> results = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            final int from = i;
            results.add(pool.submit(() -> LongStream.range(from, from + 1000).sum()));
        }
        long sum = 0;
        for (Future<Long> result : results) sum += result.get();
        pool.shutdown();
        System.out.println("pool ended " + pool.awaitTermination(10, TimeUnit.SECONDS));
        return sum;
    }

    static int garbage() {
        Map<Integer, byte[]> kept = new HashMap<>();
        for (int i = 0; i < 100000; i++) kept.put(i % 500, new byte[4000]);
        System.gc();
        return kept.size();
    }

    static String echo() throws Exception {
        try (ServerSocket server = new ServerSocket(0)) {
            Thread thread = new Thread(() -> {
                try (Socket socket = server.accept()) {
                    socket.getOutputStream().write(socket.getInputStream().readNBytes(5));
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            });
            thread.start();
            try (Socket socket = new Socket("127.0.0.1", server.getLocalPort())) {
                socket.getOutputStream().write("hello".getBytes());
                String back = new String(socket.getInputStream().readNBytes(5));
                thread.join();
                return back;
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("pool " + pool());
        System.out.println("parallel " + IntStream.range(0, 1000000).parallel().mapToLong(i -> i * 3L).sum());
        System.out.println("kept " + garbage());
        System.out.println("echo " + echo());
        Files.writeString(Path.of("written"), "by java\n");
        Process child = new ProcessBuilder("tr", "a-z", "A-Z").start();
        try (OutputStream input = child.getOutputStream()) { input.write("child\n".getBytes()); }
        System.out.print(new String(child.getInputStream().readAllBytes()));
        System.out.println("status " + child.waitFor());
        try { Object nothing = null; nothing.toString(); } catch (NullPointerException error) { System.out.println("null caught"); }
        try { deep(0); } catch (StackOverflowError error) { System.out.println("overflow caught"); }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
        System.exit(3);
    }

    static int deep(int depth) { return deep(depth + 1) + 1; }
}
