package demo;

import org.apache.kafka.connect.connector.ConnectRecord;

/** Public, with a parent that is not. */
public class OverQuiet<R extends ConnectRecord<R>> extends Quiet<R> {
    /** Has no public constructor. */
    public static class Hidden<R extends ConnectRecord<R>> extends Shout<R> {
        Hidden() { }
    }

    /** Needs an argument. */
    public static class Needy<R extends ConnectRecord<R>> extends Shout<R> {
        public Needy(String text) { }
    }

    /** Its parent is in no jar. */
    public static class Orphan<R extends ConnectRecord<R>> extends Gone<R> { }
}
