import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What cases assert with. */
final class Check {
    private static final long EVENTUALLY_MS = 20_000;

    private Check() {
    }

    /** Something that can throw. */
    interface Action {
        void run() throws Exception;
    }

    /** Something to look at until it is as it should be. */
    interface Question {
        boolean holds() throws Exception;
    }

    static void that(String what, boolean holds) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static void equal(String what, Object expected, Object actual) {
        boolean same = expected instanceof byte[] one && actual instanceof byte[] other
            ? Arrays.equals(one, other)
            : Objects.equals(expected, actual);
        if (!same) {
            throw new AssertionError(what + ": expected " + expected + ", got " + actual);
        }
    }

    /** The action must throw an exception of that kind (or one that it caused); gives it. */
    static <E extends Throwable> E fails(String what, Class<E> kind, Action action) {
        try {
            action.run();
        } catch (Exception failure) {
            Throwable cause = cause(failure);
            for (Throwable one = cause; one != null; one = one.getCause()) {
                if (kind.isInstance(one)) {
                    return kind.cast(one);
                }
            }
            throw new AssertionError(what + ": expected " + kind.getSimpleName() + ", got " + cause, cause);
        }
        throw new AssertionError(what + ": expected " + kind.getSimpleName() + ", but it went well");
    }

    /** Asks again and again, within reason. */
    static void eventually(String what, Question question) throws Exception {
        long end = System.currentTimeMillis() + EVENTUALLY_MS;
        while (!question.holds()) {
            if (System.currentTimeMillis() > end) {
                throw new AssertionError("not within " + EVENTUALLY_MS + " ms: " + what);
            }
            Thread.sleep(20);
        }
    }

    /** What went wrong, without the wrapping of futures. */
    static Throwable cause(Throwable failure) {
        boolean wrapped = failure instanceof ExecutionException || failure instanceof CompletionException;
        return wrapped && failure.getCause() != null ? cause(failure.getCause()) : failure;
    }

    /** A failure and the lines of the cases that led to it. */
    static String told(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.toString());
        for (StackTraceElement frame : failure.getStackTrace()) {
            boolean ours = !frame.getClassName().contains(".") && !frame.getClassName().startsWith("Check");
            if (ours && !frame.getClassName().startsWith("Conformance")) {
                text.append(" at ").append(frame.getFileName()).append(':').append(frame.getLineNumber());
            }
        }
        return text.toString();
    }
}
