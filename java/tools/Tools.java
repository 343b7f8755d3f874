import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.utils.Exit;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Runs the command line tools of Apache Kafka one after the other in one JVM: the start of a JVM costs more than most of them.
 *
 * <p>A request is a line of JSON: {@code {"class": …, "arguments": […], "input": …}}. The answer is one, too:
 * {@code {"code": …, "output": …, "errors": …}}, the code being what the process would have ended with. Ends with its standard input,
 * and after a tool that hangs.
 */
public final class Tools {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LIMIT_MS = 60_000;
    private static final int TOO_LATE = 124;
    private static final Captured OUTPUT = new Captured();
    private static final Captured ERRORS = new Captured();

    private Tools() {
    }

    /** Unwinds a tool from where it would have ended its process. */
    private static final class Ended extends Error {
        private static final long serialVersionUID = 1L;

        private Ended() {
            super("the process has ended", null, false, false);
        }
    }

    /** Standard output or standard error: tools may hold on to the stream that they find at first, so it is always this one. */
    private static final class Captured extends OutputStream {
        private ByteArrayOutputStream held = new ByteArrayOutputStream();
        private boolean closed;

        @Override
        public synchronized void write(int one) {
            if (!closed) {
                held.write(one);
            }
        }

        @Override
        public synchronized void write(byte[] bytes, int from, int count) {
            if (!closed) {
                held.write(bytes, from, count);
            }
        }

        /** What comes now would not have come from a process of its own: that has ended. */
        private synchronized void shut(boolean now) {
            closed = now;
        }

        private synchronized String take() {
            String text = held.toString(StandardCharsets.UTF_8);
            held = new ByteArrayOutputStream();
            return text;
        }
    }

    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.setOut(new PrintStream(OUTPUT, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(ERRORS, true, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            int code = runInTime(JSON.readTree(line));
            System.out.flush();
            System.err.flush();
            answer.put("code", code);
            answer.put("output", OUTPUT.take());
            answer.put("errors", ERRORS.take());
            answers.println(JSON.writeValueAsString(answer));
            answers.flush();
            if (code == TOO_LATE) {
                break;
            }
        }
        Runtime.getRuntime().halt(0);
    }

    /** Gives {@link #TOO_LATE}, with where the tool hangs on standard error, when it does not end by itself. */
    private static int runInTime(JsonNode request) throws InterruptedException {
        int[] code = {TOO_LATE};
        List<Runnable> hooks = new ArrayList<>();
        Thread thread = new Thread(() -> code[0] = run(request, hooks), "tool");
        thread.start();
        thread.join(LIMIT_MS);
        shut(false);
        for (StackTraceElement place : thread.getStackTrace()) {
            System.err.println("hangs at " + place);
        }
        hooks.forEach(Runnable::run);
        return code[0];
    }

    private static void shut(boolean now) {
        OUTPUT.shut(now);
        ERRORS.shut(now);
    }

    private static int run(JsonNode request, List<Runnable> hooks) {
        List<String> arguments = new ArrayList<>();
        request.get("arguments").forEach(argument -> arguments.add(argument.asText()));
        System.setIn(new ByteArrayInputStream(request.get("input").asText().getBytes(StandardCharsets.UTF_8)));
        OptionalInt[] first = {OptionalInt.empty()};
        Exit.Procedure end = (code, message) -> {
            if (first[0].isEmpty()) {
                first[0] = OptionalInt.of(code);
                shut(true);
            }
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        try {
            Class.forName(request.get("class").asText()).getMethod("main", String[].class)
                .invoke(null, (Object) arguments.toArray(new String[0]));
        } catch (ReflectiveOperationException thrown) {
            if (first[0].isEmpty()) {
                thrown.printStackTrace();
            }
            return first[0].orElse(1);
        }
        return first[0].orElse(0);
    }
}
