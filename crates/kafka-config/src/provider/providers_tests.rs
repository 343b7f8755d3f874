//! Variables in whole configurations.

use super::*;
use crate::provider::doubles::Stage;

fn surroundings() -> Arc<dyn Surroundings> {
    let stage = Stage::default()
        .file("/s/a.properties", "user=ann\npassword=hunter2\nnested=${env:HOME}\nclass=EnvVar\n")
        .file("/s/b.properties", "number=1000\nword=lines\nsecret=2000\nfolder=input\n")
        .file("/s/dir/key", "whole\n")
        .set("HOME", "/users/ann");
    Arc::new(stage)
}

fn worker() -> RawConfig {
    RawConfig::from([
        ("config.providers", "file,dir, env,missing"),
        ("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider"),
        ("config.providers.file.param.allowed.paths", "/s"),
        ("config.providers.dir.class", "Directory"),
        ("config.providers.env.class", "EnvVarConfigProvider"),
    ])
}

fn for_connectors(raw: &RawConfig) -> Providers {
    Providers::of_connectors(raw, &surroundings(), &Arc::default()).unwrap()
}

#[track_caller]
fn expect(cases: &[(&str, &str)]) {
    let raw: RawConfig = cases.iter().map(|(text, _)| ((*text).to_owned(), (*text).to_owned())).collect();
    let resolved = for_connectors(&worker()).resolve(&raw, |_| Secrecy::Secret).unwrap();
    for (text, value) in cases {
        assert_eq!(resolved.get(text), Some(*value));
    }
}

#[test]
fn variables_are_replaced_wherever_they_stand() {
    expect(&[
        ("${file:/s/a.properties:password}", "hunter2"),
        ("a ${file:/s/a.properties:user}/${env:HOME}$ ${dir:/s/dir:key}b", "a ann//users/ann$ whole\nb"),
        ("plain", "plain"),
        ("", ""),
    ]);
}

#[test]
fn what_is_unknown_stays_and_nothing_is_resolved_twice() {
    expect(&[
        ("${file:/s/a.properties:absent} ${env:HOME}", "${file:/s/a.properties:absent} /users/ann"),
        ("${nobody:x} ${missing:y} ${env:HOME}", "${nobody:x} ${missing:y} /users/ann"),
        ("${file:/s/a.properties:nested}", "${env:HOME}"),
        ("${file:/elsewhere:user}", "${file:/elsewhere:user}"),
        ("${file:user}", "${file:user}"),
        ("${env:ABSENT}", "${env:ABSENT}"),
    ]);
}

#[test]
fn null_stays_null_and_keys_are_not_resolved() {
    let mut raw = RawConfig::from([("${env:HOME}", "${env:HOME}")]);
    raw.insert_null("n");
    let resolved = for_connectors(&worker()).resolve(&raw, |_| Secrecy::Secret).unwrap();
    assert_eq!((resolved.get("${env:HOME}"), resolved.entry("n")), (Some("/users/ann"), Some(None)));
}

#[test]
fn names_are_trimmed_for_connectors_only() {
    let raw = RawConfig::from([("a", "${env:HOME}"), ("b", "${dir:/s/dir:key}")]);
    let own = Providers::of_worker_file(&worker(), None, &surroundings(), &Arc::default()).unwrap();
    let resolved = own.resolve(&raw, |_| Secrecy::Secret).unwrap();
    assert_eq!((resolved.get("a"), resolved.get("b")), (Some("${env:HOME}"), Some("whole\n")));
    assert_eq!(format!("{own:?}"), r#"{"dir", "file"}"#);
}

#[test]
fn unknown_classes_and_wrong_parameters() {
    let refused = |entries: &[(&str, &str)]| {
        let mut raw = worker();
        entries.iter().for_each(|(name, value)| raw.insert(*name, *value));
        Providers::of_worker_file(&raw, None, &surroundings(), &Arc::default()).unwrap_err().to_string()
    };
    for class in ["com.example.Vault", "org.apache.kafka.common.config.provider.File", "file", ""] {
        let expected = format!(
            "Invalid value {class} for configuration config.providers.dir.class: Could not load config provider class \
             or one of its dependencies"
        );
        assert_eq!(refused(&[("config.providers.dir.class", class)]), expected);
    }
    assert_eq!(refused(&[("config.providers.dir.param.allowed.paths", "/no")]), "Path /no does not exist");
}

#[test]
fn a_list_of_allowed_classes_binds_the_worker_file_only() {
    let own = |allowed: &[&str]| {
        let allowed = allowed.iter().map(|class| (*class).to_owned()).collect();
        Providers::of_worker_file(&worker(), Some(&allowed), &surroundings(), &Arc::default())
    };
    let file = "org.apache.kafka.common.config.provider.FileConfigProvider";
    // As it is written, like Java.
    let directory = "Directory";
    let refused = own(&[file]).unwrap_err().to_string();
    let property = "org.apache.kafka.automatic.config.providers";
    assert_eq!(
        refused,
        format!("{directory} is not allowed. Update System property '{property}' to allow {directory}")
    );
    assert!(own(&[file, directory]).is_ok());
}

#[test]
fn errors_of_providers_are_passed_on() {
    let raw = RawConfig::from([("a", "${file:/s/none:x}")]);
    let error = for_connectors(&worker()).resolve(&raw, |_| Secrecy::Secret).unwrap_err().to_string();
    assert_eq!(error, "Could not read properties from file /s/none");
}

#[test]
fn what_was_found_can_be_hidden() {
    let providers = for_connectors(&worker());
    providers.resolve(&RawConfig::from([("a", "${file:/s/a.properties:password}")]), |_| Secrecy::Secret).unwrap();
    let hidden = providers.secrets().hide("Invalid value hunter2 for configuration tasks.max").into_owned();
    assert_eq!(hidden, "Invalid value ${file:/s/a.properties:password} for configuration tasks.max");
}

#[test]
fn the_key_decides_how_far_it_is_hidden() {
    let providers = for_connectors(&worker());
    let file = |key: &str| format!("${{file:/s/b.properties:{key}}}");
    let raw = RawConfig::from([
        ("tasks.max", file("number")),
        ("interval.ms", file("word")),
        ("topic", file("word")),
        ("password", file("secret")),
        ("file", format!("/data/{}", file("folder"))),
    ]);
    let kind = |name: &str| match name {
        "tasks.max" | "interval.ms" => Some(crate::Type::Int),
        "topic" | "file" => Some(crate::Type::String),
        _ => None,
    };
    providers.resolve(&raw, |name| Secrecy::of(name, kind(name))).unwrap();
    // The word is in a key for numbers too, where it is a mistake and may be a secret.
    let text = "max 1000 of lines (underlines), pass 2000 in /data/input or inputs";
    let expected = format!(
        "max 1000 of {0} (under{0}), pass {1} in /data/{2} or inputs",
        file("word"),
        file("secret"),
        file("folder")
    );
    assert_eq!(providers.secrets().hide(text), expected);
}

#[test]
fn without_providers_all_stays() {
    let raw = RawConfig::from([("a", "${env:HOME}")]);
    assert_eq!(Providers::none().resolve(&raw, |_| Secrecy::Secret).unwrap(), raw);
    assert_eq!(for_connectors(&RawConfig::new()).resolve(&raw, |_| Secrecy::Secret).unwrap(), raw);
}
