//! The form of `connect-log4j2.yaml`: `[%d] %p %X{connector.context}%m (%c:%L)%n`.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::record::Record;

/// One line, in the time of `zone`; what else the record says stands behind the message as `name=value`, and a cause of
/// several lines below, as a stack trace does.
pub(super) fn text(record: &Record, zone: &TimeZone) -> String {
    const CAUSE: &str = "error";
    let mut line = String::with_capacity(160);
    let time = record.time.to_zoned(zone.clone());
    // Nothing that is written to a text fails.
    let _ = write!(line, "[{} {:02}:{:02}:{:02},", time.date(), time.hour(), time.minute(), time.second());
    let _ = write!(line, "{:03}] {} ", time.millisecond(), record.level);
    if let Some(context) = &record.context {
        let _ = write!(line, "{context} ");
    }
    line.push_str(&record.message);
    let mut below = None;
    for (name, value) in &record.fields {
        let value = value.as_str();
        let _ = match *name {
            CAUSE if value.contains('\n') => {
                below = Some(value);
                Ok(())
            }
            CAUSE => write!(line, ": {value}"),
            name => write!(line, " {name}={value}"),
        };
    }
    let _ = writeln!(line, " ({}:{})", record.logger, record.line);
    if let Some(below) = below {
        line.push_str(below.trim_end());
        line.push('\n');
    }
    line
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tracing::Level;

    use super::super::context::Context;
    use super::super::form::Form;
    use super::super::record::Text;
    use super::*;

    fn record() -> Record {
        Record {
            time: Timestamp::from_millisecond(1_720_000_000_007).unwrap(),
            level: Level::INFO,
            logger: "org.apache.kafka.connect.runtime.Connect".to_owned(),
            target: "moldau::connect".to_owned(),
            line: 77,
            context: None,
            message: "Kafka Connect started".to_owned(),
            fields: Vec::new(),
        }
    }

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Prague").unwrap()
    }

    #[test]
    fn a_line_as_java_writes_it() {
        assert_eq!(
            text(&record(), &zone()),
            "[2024-07-03 11:46:40,007] INFO Kafka Connect started (org.apache.kafka.connect.runtime.Connect:77)\n"
        );
        let winter = Record { time: Timestamp::from_millisecond(1_705_312_345_678).unwrap(), ..record() };
        assert!(text(&winter, &zone()).starts_with("[2024-01-15 10:52:25,678] "), "daylight saving counts");
        assert!(text(&winter, &TimeZone::UTC).starts_with("[2024-01-15 09:52:25,678] "));
    }

    #[test]
    fn contexts_fields_and_causes() {
        let context = Some(Context { connector: "c".to_owned(), task: Some(0), scope: None });
        let plain = |text: &str| Text::Plain(text.to_owned());
        let one = Record {
            level: Level::ERROR,
            context: context.clone(),
            message: "it failed".to_owned(),
            fields: vec![("records", plain("3")), ("error", plain("disk full"))],
            ..record()
        };
        assert_eq!(
            text(&one, &TimeZone::UTC),
            "[2024-07-03 09:46:40,007] ERROR [c|task-0] it failed records=3: disk full \
             (org.apache.kafka.connect.runtime.Connect:77)\n"
        );
        let many = Record { fields: vec![("error", plain("disk full\n\tat place\n"))], context, ..record() };
        assert_eq!(
            text(&many, &TimeZone::UTC),
            "[2024-07-03 09:46:40,007] INFO [c|task-0] Kafka Connect started \
             (org.apache.kafka.connect.runtime.Connect:77)\ndisk full\n\tat place\n"
        );
    }

    #[test]
    fn the_other_forms() {
        let context = Some(Context { connector: "c\"".to_owned(), task: Some(0), scope: Some("offsets".to_owned()) });
        let record = Record { context, fields: vec![("file", Text::Quoted("a\nb".to_owned()))], ..record() };
        assert_eq!(
            Form::People.text(&record, &zone()),
            "2024-07-03T09:46:40.007000Z  INFO [c\"|task-0|offsets] moldau::connect: Kafka Connect started file=\"a\\nb\"\n"
        );
        let json = Form::Json.text(&record, &zone());
        assert_eq!(json.lines().count(), 1);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            serde_json::json!({
                "timestamp": "2024-07-03T09:46:40.007000Z", "level": "INFO", "target": "moldau::connect", "line": 77,
                "logger": "org.apache.kafka.connect.runtime.Connect", "connector": "c\"", "task": 0, "scope": "offsets",
                "message": "Kafka Connect started", "fields": {"file": "a\nb"},
            })
        );
        assert_eq!((Form::parse("JSON"), Form::parse("xml")), (Some(Form::Json), None));
    }
}
