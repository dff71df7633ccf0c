use std::time::{Duration, UNIX_EPOCH};

use crate::registry::faults::{Action, RegistryFault, Trials};

fn meet(trials: &mut Trials, method: &str, path: &str) -> (Duration, Option<Action>) {
    let (_, delay, action) = trials.meet(method, path, "", UNIX_EPOCH);
    (delay, action)
}

#[test]
fn a_fault_strikes_what_it_names_and_as_often_as_it_says() {
    let mut trials = Trials::new(10);
    let status = Action::Status(503);
    let fault = RegistryFault::new(status).method("post").path("/subjects/a").after(1).times(2);
    let id = trials.inject(fault);
    let struck = |trials: &mut Trials, method, path| meet(trials, method, path).1;
    assert_eq!(struck(&mut trials, "GET", "/subjects/a/versions"), None);
    assert_eq!(struck(&mut trials, "POST", "/subjects/b/versions"), None);
    let met: Vec<_> = (0..4).map(|_| struck(&mut trials, "POST", "/subjects/a/versions")).collect();
    assert_eq!(met, [None, Some(status), Some(status), None]);
    assert!(!trials.clear(id), "it is over");
    assert!(trials.active().is_empty());
}

#[test]
fn delays_add_up_and_the_first_ending_counts() {
    let mut trials = Trials::new(10);
    for action in [
        Action::Delay(Duration::from_millis(5)),
        Action::Disconnect,
        Action::Delay(Duration::from_millis(7)),
        Action::Status(500),
    ] {
        trials.inject(RegistryFault::new(action));
    }
    assert_eq!(meet(&mut trials, "GET", "/"), (Duration::from_millis(12), Some(Action::Disconnect)));
    assert_eq!(trials.active().iter().map(|fault| fault.hits).collect::<Vec<_>>(), [1, 1, 1, 0]);
}

#[test]
fn the_record_keeps_the_latest_requests() {
    let mut trials = Trials::new(2);
    let numbers: Vec<u64> =
        ["/a", "/b", "/c"].iter().map(|path| trials.meet("GET", path, "me", UNIX_EPOCH).0).collect();
    for number in numbers {
        trials.answered(number, 200 + number as u16);
    }
    let seen = trials.seen();
    let told: Vec<_> = seen.iter().map(|one| (one.path.as_str(), one.status, one.is_faulted)).collect();
    assert_eq!(told, [("/b", Some(201), false), ("/c", Some(202), false)]);
    trials.forget();
    assert!(trials.seen().is_empty());
    let (number, ..) = trials.meet("GET", "/d", "me", UNIX_EPOCH);
    trials.answered(number, 404);
    assert_eq!(trials.seen()[0].status, Some(404));
}
