//! When the places of a worker are read, and who waits for it.

use std::path::Path;

use env_sim::{DiskFault, Sim};

use super::kind::JavaKind;
use super::listing::Discovery;
use super::plugins::JavaPlugins;
use super::sample::{Sample, jar};

const SINK: &str = "org.apache.kafka.connect.sink.SinkConnector";

#[test]
fn nothing_is_read_before_somebody_asks() {
    Sim::new(1).run(|_, sim| async move {
        let (env, disk) = (sim.env_for("worker"), sim.disk("worker"));
        let sink =
            |version: &str| jar(&[("x/SSink.class", Sample::class("x.SSink", SINK, &[]).version(version).bytes())]);
        disk.put("/plugins/a.jar", &sink("1.10")).unwrap();
        disk.put("/plugins/b.jar", &sink("1.9")).unwrap();
        // Any look at the folder would fail, so a listing made now would be empty.
        let fault = DiskFault { operation: None, path_contains: "plugins".to_owned(), after: 0, times: u64::MAX };
        disk.fail(fault);
        let java = JavaPlugins::new(&env, Some("/plugins , /nope"), Discovery::HybridWarn, |_| false);
        assert!(java.find_listed("x.SSink", |_| true).is_none());
        disk.clear_faults();
        java.settled().unwrap().await;
        assert!(java.settled().is_none());
        let found = java.find("SSink").unwrap();
        // Of two versions the newest.
        assert_eq!(
            (found.class.as_str(), found.version.as_str(), found.jar.as_path()),
            ("x.SSink", "1.10", Path::new("/plugins/a.jar"))
        );
        assert!(java.find_listed("x.SSink", |kind| kind == JavaKind::Source).is_none());
        // It is listed once: what comes later is not seen.
        disk.put("/plugins/c.jar", &jar(&[("x/T.class", Sample::class("x.T", SINK, &[]).bytes())])).unwrap();
        java.start();
        assert!(java.find("x.T").is_none());
    });
}

#[test]
fn aliases_of_two_classes_mean_none() {
    Sim::new(2).run(|_, sim| async move {
        let (env, disk) = (sim.env_for("worker"), sim.disk("worker"));
        for name in ["x.Sink", "y.Sink", "y.Other"] {
            let path = format!("{}.class", name.replace('.', "/"));
            disk.put(&format!("/plugins/{name}.jar"), &jar(&[(&path, Sample::class(name, SINK, &[]).bytes())]))
                .unwrap();
        }
        let java = JavaPlugins::new(&env, Some("/plugins"), Discovery::OnlyScan, |_| false);
        assert!(java.find("Sink").is_none());
        assert_eq!(java.find("Other").unwrap().class, "y.Other");
        assert_eq!(java.find("x.Sink").unwrap().class, "x.Sink");
        assert!(java.demand_manifests().is_ok());
        let strict = JavaPlugins::new(&env, Some("/plugins/y.Other.jar"), Discovery::HybridFail, |_| false);
        let text = strict.demand_manifests().unwrap_err();
        assert!(text.contains("[\nfile:/plugins/y.Other.jar\ty.Other\tsink\tundefined\n]\nRead the"), "{text}");
        assert!(JavaPlugins::new(&env, None, Discovery::HybridFail, |_| false).settled().is_none());
    });
}
