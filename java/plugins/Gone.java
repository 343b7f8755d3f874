package demo;

import org.apache.kafka.connect.connector.ConnectRecord;

/** The tests leave it out of the jar. */
public abstract class Gone<R extends ConnectRecord<R>> extends Shout<R> { }
