package demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/** A source that wants two more tasks than it may have. */
public class Greedy extends SourceConnector {
    public String version() { return "1"; }
    public void start(Map<String, String> config) { }
    public Class<? extends Task> taskClass() { return GreedyTask.class; }
    public List<Map<String, String>> taskConfigs(int max) {
        List<Map<String, String>> tasks = new ArrayList<>();
        for (int task = 0; task < max + 2; task++) tasks.add(Map.of("number", "" + task));
        return tasks;
    }
    public void stop() { }
    public ConfigDef config() { return new ConfigDef(); }

    /** Has nothing to read. */
    public static class GreedyTask extends SourceTask {
        public String version() { return "1"; }
        public void start(Map<String, String> config) { }
        public List<SourceRecord> poll() throws InterruptedException {
            Thread.sleep(100);
            return null;
        }
        public void stop() { }
    }
}
