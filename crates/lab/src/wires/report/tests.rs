use super::*;
use crate::wires::exceptions::{self, tests::exchange};

fn report(judged: Judged) -> Report {
    let mut report = Report::new(7, 3);
    report.add(exchange(), Verdict::Replayed(judged));
    report
}

fn printed(report: &Report, verbose: bool) -> String {
    let mut out = Vec::new();
    report.print(&mut out, verbose).unwrap();
    String::from_utf8(out).unwrap()
}

fn faulty() -> Judged {
    Judged {
        faults: vec!["lost: text".to_owned()],
        ..Judged::default()
    }
}

#[test]
fn a_fault_or_a_violation_fails_the_run_and_an_exception_does_not() {
    assert!(report(Judged::default()).is_clean());
    assert!(!report(faulty()).is_clean());
    assert!(
        !report(Judged {
            violations: vec!["twice".to_owned()],
            ..Judged::default()
        })
        .is_clean()
    );

    let mut twice = exchange();
    twice.streamed = true;
    twice.body = "data: {\"id\":\"1\",\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: {\"id\":\"2\"}\n\n".into();
    let exception = exceptions::of(&twice);
    assert!(exception.is_some());
    let excepted = report(Judged {
        exception,
        ..faulty()
    });
    assert!(excepted.is_clean());
    assert!(printed(&excepted, false).contains("no server ends an answer and begins another"));
}

#[test]
fn what_waits_is_counted_and_does_not_fail() {
    let mut report = Report::new(7, 3);
    report.add(exchange(), Verdict::NotYet("no crate"));
    assert!(report.is_clean());
    let text = printed(&report, false);
    assert!(text.contains("  1 chat-completions: no crate\n"), "{text}");
    assert!(text.contains("not replayed: 1 exchanges"), "{text}");
    assert_eq!(report.total(), Count::default());
}

#[test]
fn each_failure_names_its_file_and_reason() {
    let text = printed(&report(faulty()), false);
    assert!(text.contains("  p/x.json ("), "{text}");
    assert!(text.contains("    lost: text\n"), "{text}");
    assert!(!text.contains("asked"), "{text}");
    assert!(text.contains("--seed 7"), "{text}");
    let verbose = printed(&report(faulty()), true);
    assert!(verbose.contains("    asked  "), "{verbose}");
}

#[test]
fn opaque_parts_and_warnings_are_counted_and_shown_on_request() {
    let judged = || Judged {
        opaque: vec!["x.thing".to_owned()],
        warnings: vec!["odd".to_owned()],
        ..Judged::default()
    };
    let report = report(judged());
    assert_eq!(
        (
            report.total().opaque,
            report.total().warnings,
            report.total().decoded
        ),
        (1, 1, 1)
    );
    assert!(!printed(&report, false).contains("x.thing"));
    assert!(printed(&report, true).contains("opaque: p/x.json: x.thing"));
}
