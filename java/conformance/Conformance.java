import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What a broker must do for the Java clients, case by case. Arguments: the bootstrap server; `all`, or one of the two runs
 * around a restart of the broker; and a part of the names of the cases to run, or nothing. Prints one line of JSON for each case,
 * in the order in which they end.
 */
public final class Conformance {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int AT_A_TIME = 12;
    private static final int LIMIT_SECONDS = 60;

    /** What a case does; it fails by throwing. */
    interface Body {
        void run(Lab lab) throws Exception;
    }

    private record Case(String name, Body body, boolean alone) {
    }

    private final List<Case> cases = new ArrayList<>();
    private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private final String bootstrap;

    private Conformance(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** Adds a case that runs beside others. Long ones come first, so that nobody waits for them at the end. */
    void add(String name, Body body) {
        cases.add(new Case(name, body, false));
    }

    /** Adds a case that measures time: nothing else runs meanwhile. */
    void alone(String name, Body body) {
        cases.add(new Case(name, body, true));
    }

    public static void main(String[] args) throws Exception {
        Conformance conformance = new Conformance(args[0]);
        switch (args[1]) {
            case "before-a-restart" -> Restarts.before(conformance);
            case "after-a-restart" -> Restarts.after(conformance);
            default -> conformance.addAll();
        }
        conformance.run(args[2]);
        // A case that hangs keeps its threads; what it had to say is said.
        Runtime.getRuntime().halt(0);
    }

    private void addAll() {
        Groups.cases(this);
        GroupAdmin.cases(this);
        Offsets.cases(this);
        Transactions.cases(this);
        Reading.cases(this);
        Records.cases(this);
        Topics.cases(this);
        Configs.cases(this);
        Partitions.cases(this);
    }

    private void run(String part) throws InterruptedException {
        cases.removeIf(one -> !one.name().contains(part));
        ExecutorService many = Executors.newFixedThreadPool(AT_A_TIME, Conformance::daemon);
        for (Case one : cases) {
            if (!one.alone()) {
                many.execute(() -> report(one));
            }
        }
        many.shutdown();
        many.awaitTermination(10, TimeUnit.MINUTES);
        for (Case one : cases) {
            if (one.alone()) {
                report(one);
            }
        }
    }

    private void report(Case one) {
        long start = System.nanoTime();
        String failure = outcome(one);
        ObjectNode line = JSON.createObjectNode();
        line.put("case", one.name());
        line.put("ok", failure == null);
        line.put("detail", failure == null ? "" : failure);
        line.put("millis", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        synchronized (out) {
            out.println(line);
            out.flush();
        }
    }

    /** Null if it has passed. */
    private String outcome(Case one) {
        ExecutorService thread = Executors.newSingleThreadExecutor(Conformance::daemon);
        Future<?> work = thread.submit(() -> {
            try (Lab lab = new Lab(bootstrap, one.name())) {
                one.body().run(lab);
            }
            return null;
        });
        try {
            work.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            return null;
        } catch (TimeoutException late) {
            work.cancel(true);
            return "not done after " + LIMIT_SECONDS + " s";
        } catch (Exception failure) {
            return Check.told(Check.cause(failure));
        } finally {
            thread.shutdown();
        }
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    }
}
