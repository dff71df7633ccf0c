use std::collections::BTreeSet;

use fastrand::Rng;

use super::*;

/// A record of the model: what it is in truth.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Truth {
    /// The event itself, or a copy that cannot be told from it.
    Of(usize),
    /// A copy that has only the id.
    SameId(usize),
    Nobodys,
}

/// Something that was sent, and what really became of it.
struct Model {
    ids: Vec<String>,
    marks: Vec<Option<String>>,
    keys: Vec<Option<String>>,
    fates: Vec<Fate>,
    /// By partition what lies there, in order.
    log: Vec<Vec<Truth>>,
}

/// What is wrong in truth: lost, duplicated, out of order, unexpected.
type Counts = [u64; 4];

fn counts(judged: &Judged) -> Counts {
    Kind::ALL.map(|kind| judged.report.of(kind).count)
}

impl Model {
    fn draw(rng: &mut Rng) -> Self {
        let (count, partitions) = (rng.usize(0..30), rng.usize(1..4));
        let ids = (0..count).map(|n| format!("e-{n}")).collect();
        let marks = (0..count).map(|n| (rng.u8(0..8) > 0).then(|| format!("m-{n}"))).collect();
        let keys = (0..count).map(|_| (rng.u8(0..5) > 0).then(|| format!("k-{}", rng.u8(0..3)))).collect();
        let mut model = Self { ids, marks, keys, fates: Vec::new(), log: vec![Vec::new(); partitions] };
        for n in 0..count {
            let (partition, is_lost) = (rng.usize(0..partitions), rng.u8(0..20) == 0);
            let here = &mut model.log[partition];
            let at = Place { partition: partition as i32, offset: here.len() as i64 };
            let (fate, is_there) = match rng.u8(0..20) {
                0 => (Fate::Unknown, rng.bool()),
                1 => (Fate::Refused(ErrorCode::MessageTooLarge), is_lost),
                _ => (Fate::Acknowledged(at), true),
            };
            model.fates.push(fate);
            if is_there {
                here.push(Truth::Of(n));
            }
        }
        model.spoil(rng);
        model
    }

    /// Loses, copies, moves and invents records; the acknowledgements stay as they are. Only what carries a mark
    /// is known again elsewhere.
    fn spoil(&mut self, rng: &mut Rng) {
        let is_marked =
            |marks: &[Option<String>], truth: Truth| matches!(truth, Truth::Of(n) if marks[n].is_some());
        for _ in 0..rng.usize(0..4) {
            let partition = rng.usize(0..self.log.len());
            let here = &mut self.log[partition];
            if here.is_empty() {
                continue;
            }
            let at = rng.usize(0..here.len());
            let tail_is_marked = here[at..].iter().all(|truth| is_marked(&self.marks, *truth));
            match rng.u8(0..5) {
                0 if tail_is_marked => drop(here.remove(at)),
                1 if is_marked(&self.marks, here[at]) => here.push(here[at]),
                2 => {
                    if let Truth::Of(n) = here[at] {
                        here.push(Truth::SameId(n));
                    }
                }
                3 if at > 0 && tail_is_marked && is_marked(&self.marks, here[at - 1]) => {
                    here.swap(at - 1, at)
                }
                _ => here.push(Truth::Nobodys),
            }
        }
    }

    fn is_refused(&self, n: usize) -> bool {
        matches!(self.fates[n], Fate::Refused(_))
    }

    /// Counts by looking at every pair, with no map.
    fn truth(&self, checks: &BTreeSet<DeliveryCheck>) -> Counts {
        let all = || self.log.iter().flatten().copied();
        let there = |n: usize| all().filter(|truth| *truth == Truth::Of(n)).count() as u64;
        let asked = |check| checks.contains(&check);
        let [mut lost, mut duplicated, mut out_of_order, mut unexpected] = Counts::default();
        for n in 0..self.ids.len() {
            lost += u64::from(matches!(self.fates[n], Fate::Acknowledged(_)) && there(n) == 0);
            if self.is_refused(n) {
                unexpected += there(n);
            } else {
                duplicated += there(n).saturating_sub(1);
            }
            let copies = all().filter(|truth| *truth == Truth::SameId(n)).count() as u64;
            let is_written = !self.is_refused(n) && (there(n) > 0 || self.fates[n].place().is_some());
            if is_written { duplicated += copies } else { unexpected += copies }
        }
        unexpected += all().filter(|truth| *truth == Truth::Nobodys).count() as u64;
        for here in &self.log {
            let firsts: Vec<usize> = here
                .iter()
                .enumerate()
                .filter_map(|(at, truth)| match truth {
                    Truth::Of(n) if !here[..at].contains(truth) && !self.is_refused(*n) => Some(*n),
                    _ => None,
                })
                .collect();
            for (at, n) in firsts.iter().enumerate() {
                let is_behind = |other: &&usize| *other > n;
                let mut behind = firsts[..at].iter().filter(is_behind);
                let is_wrong = if asked(DeliveryCheck::OrderPerPartition) {
                    behind.next().is_some()
                } else {
                    self.keys[*n].is_some() && behind.any(|other| self.keys[*other] == self.keys[*n])
                };
                out_of_order += u64::from(is_wrong);
            }
        }
        let all = [lost, duplicated, out_of_order, unexpected];
        let mut of = Kind::ALL.into_iter().zip(all);
        std::array::from_fn(|_| of.next().map_or(0, |(kind, n)| if kind.is_checked(asked) { n } else { 0 }))
    }

    fn sent(&self) -> Vec<Sent<'_>> {
        let of = |n: usize| Sent {
            id: Some(&self.ids[n]),
            mark: self.marks[n].as_deref(),
            key: self.keys[n].as_deref().map(str::as_bytes),
            fate: self.fates[n],
            pending: false,
            counts: true,
            due: self.fates[n].place().is_some(),
            order: Some((0, n as i64)),
        };
        (0..self.ids.len()).map(of).collect()
    }

    fn seen(&self) -> Vec<Seen<'_>> {
        let mut all = Vec::new();
        for (partition, here) in (0..).zip(&self.log) {
            for (offset, truth) in (0..).zip(here) {
                let at = Place { partition, offset };
                let seen = match truth {
                    Truth::Of(n) => seen(Some(&self.ids[*n]), self.marks[*n].as_deref(), at),
                    Truth::SameId(n) => seen(Some(&self.ids[*n]), Some("another"), at),
                    Truth::Nobodys => seen(Some("nobody"), Some("nobody"), at),
                };
                all.push(seen);
            }
        }
        all
    }
}

fn seen<'a>(id: Option<&'a str>, mark: Option<&'a str>, at: Place) -> Seen<'a> {
    Seen { id, mark, key: None, at, counts: true }
}

fn some_checks(rng: &mut Rng) -> BTreeSet<DeliveryCheck> {
    if rng.bool() {
        return DeliveryCheck::ALL.into();
    }
    DeliveryCheck::ALL.into_iter().filter(|_| rng.bool()).collect()
}

fn case<'a>(
    pairing: Pairing,
    checks: &'a BTreeSet<DeliveryCheck>,
    sent: &'a [Sent<'a>],
    seen: &'a [Seen<'a>],
) -> Case<'a> {
    Case {
        pairing,
        checks,
        sent,
        seen,
        maybe_seen: &[],
        holes: &[],
        maybe_sent: &[],
        all_sent: true,
        all_seen: true,
        is_over: true,
    }
}

#[test]
fn five_thousand_logs_are_judged_as_looking_at_every_pair_does() {
    let mut found = Counts::default();
    for seed in 0..5_000 {
        let mut rng = Rng::with_seed(seed);
        let (model, checks) = (Model::draw(&mut rng), some_checks(&mut rng));
        let (sent, seen) = (model.sent(), model.seen());
        let judged = judge(&case(Pairing::SameLog, &checks, &sent, &seen));
        let truth = model.truth(&checks);
        assert_eq!(counts(&judged), truth, "seed {seed}: {:?} of {:?}", model.log, model.fates);
        assert_eq!(
            judged.wrong,
            Kind::ALL.into_iter().zip(truth).find(|(_, n)| *n > 0).map(|(kind, _)| kind)
        );
        assert_eq!((judged.suspects, judged.unknown), (0, None), "seed {seed}");
        for (all, n) in found.iter_mut().zip(truth) {
            *all += n;
        }
    }
    assert!(found.iter().all(|n| *n > 200), "{found:?}");
}

#[test]
fn five_thousand_outputs_are_paired_by_id_as_counting_them_one_by_one_does() {
    for seed in 0..5_000 {
        let mut rng = Rng::with_seed(seed);
        let ids: Vec<String> = (0..rng.usize(1..20)).map(|_| format!("e-{}", rng.u8(0..25))).collect();
        let unknown: Vec<bool> = ids.iter().map(|_| rng.u8(0..10) == 0).collect();
        let of = |n: usize| Sent {
            id: Some(&ids[n]),
            mark: None,
            key: None,
            fate: if unknown[n] { Fate::Unknown } else { Fate::Acknowledged(place(n as i64)) },
            pending: false,
            counts: true,
            due: !unknown[n],
            order: (!unknown[n]).then_some((0, n as i64)),
        };
        let sent: Vec<Sent<'_>> = (0..ids.len()).map(of).collect();
        let mut out: Vec<&str> = ids.iter().map(String::as_str).filter(|_| rng.u8(0..8) > 0).collect();
        if rng.bool() && !out.is_empty() {
            out.push(out[rng.usize(0..out.len())]);
            out.push("nobody");
        }
        if rng.bool() {
            rng.shuffle(&mut out);
        }
        let seen: Vec<Seen<'_>> =
            (0..).zip(&out).map(|(offset, id)| self::seen(Some(id), None, place(offset))).collect();
        let checks = [DeliveryCheck::Loss, DeliveryCheck::Duplicates, DeliveryCheck::OrderPerPartition];
        let checks: BTreeSet<_> = checks.into_iter().chain([DeliveryCheck::Unexpected]).collect();
        let judged = judge(&case(Pairing::ById, &checks, &sent, &seen));

        let count = |all: &[&str], id: &str| all.iter().filter(|other| **other == id).count() as u64;
        let went: Vec<&str> = ids.iter().map(String::as_str).collect();
        let lost = (0..ids.len()).filter(|n| !unknown[*n] && count(&out, &ids[*n]) == 0).count() as u64;
        let names: BTreeSet<&str> = out.iter().copied().collect();
        let (known, strange): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|id| went.contains(id));
        let again = known.iter().map(|id| count(&out, id).saturating_sub(count(&went, id))).sum();
        let one =
            |id: &&str| count(&went, id) == 1 && !unknown[went.iter().position(|w| w == id).unwrap_or(0)];
        let mut firsts: Vec<&str> = Vec::new();
        out.iter().copied().filter(one).for_each(|id| {
            if !firsts.contains(&id) {
                firsts.push(id);
            }
        });
        let turn = |id: &str| went.iter().position(|other| *other == id);
        let is_behind = |at: usize| firsts[..at].iter().any(|other| turn(other) > turn(firsts[at]));
        let out_of_order = (0..firsts.len()).filter(|at| is_behind(*at)).count() as u64;
        let strange = strange.iter().map(|id| count(&out, id)).sum();
        assert_eq!(counts(&judged), [lost, again, out_of_order, strange], "seed {seed}: {went:?} -> {out:?}");
    }
}

fn place(offset: i64) -> Place {
    Place { partition: 0, offset }
}

/// The verdict, as far as somebody who waits for it is concerned.
fn verdict(judged: &Judged) -> &'static str {
    match (judged.wrong, judged.unknown) {
        (Some(_), _) => "failed",
        (None, Some(_)) => "inconclusive",
        (None, None) => "passed",
    }
}

#[test]
fn a_verdict_holds_whatever_a_doubtful_record_turns_out_to_be_and_is_inconclusive_only_where_that_matters() {
    let mut tally: std::collections::BTreeMap<(&str, bool), u32> = Default::default();
    for seed in 0..5_000 {
        let mut rng = Rng::with_seed(seed);
        let (model, checks) = (Model::draw(&mut rng), some_checks(&mut rng));
        if model.marks.iter().any(Option::is_none) || model.fates.contains(&Fate::Unknown) {
            continue;
        }
        let (sent, seen) = (model.sent(), model.seen());
        let id = model.ids.get(rng.usize(0..30)).map_or("nobody", String::as_str);
        let maybe = [Maybe { id: Some(id) }];
        let base = case(Pairing::SameLog, &checks, &sent, &seen);
        let told = judge(&Case { maybe_seen: &maybe, ..base });
        // It may be somebody else's, the event itself, or a copy of it; last, or before everything.
        let mark = model.ids.iter().position(|known| known == id).and_then(|n| model.marks[n].as_deref());
        let mut could_be = vec![verdict(&judge(&case(Pairing::SameLog, &checks, &sent, &seen)))];
        // Nothing is copied before it is there.
        let is_seen = mark.is_some_and(|mark| seen.iter().any(|seen| seen.mark == Some(mark)));
        let first = if is_seen { 99 } else { -1 };
        for (mark, offset) in [(mark, 99), (mark, first), (Some("another"), 99)] {
            for partition in 0..model.log.len() as i32 {
                let it = self::seen(Some(id), mark, Place { partition, offset });
                let mut with = seen.clone();
                with.insert(if offset < 0 { 0 } else { with.len() }, it);
                could_be.push(verdict(&judge(&case(Pairing::SameLog, &checks, &sent, &with))));
            }
        }
        let differs = could_be.iter().any(|one| *one != could_be[0]);
        let told = verdict(&told);
        *tally.entry((told, differs)).or_default() += 1;
        match told {
            "inconclusive" => assert!(differs, "seed {seed}: {id} {checks:?} {:?}", model.log),
            certain => {
                assert!(could_be.iter().all(|one| *one == certain), "seed {seed}: {certain} {could_be:?}")
            }
        }
    }
    assert!(tally.values().all(|n| *n > 50) && tally.len() == 3, "{tally:?}");
}

#[test]
fn what_fell_into_a_hole_is_not_known_to_be_lost_and_what_lies_elsewhere_is() {
    let model = Model {
        ids: vec!["a".to_owned(), "b".to_owned()],
        marks: vec![Some("1".to_owned()), Some("2".to_owned())],
        keys: vec![None, None],
        fates: vec![Fate::Acknowledged(place(0)), Fate::Acknowledged(Place { partition: 1, offset: 0 })],
        log: vec![vec![Truth::Of(0)], Vec::new()],
    };
    let (sent, seen, all) = (model.sent(), model.seen(), DeliveryCheck::ALL.into());
    let with = |holes: &[Hole], checks: &BTreeSet<DeliveryCheck>| {
        let judged = judge(&Case { holes, ..case(Pairing::SameLog, checks, &sent, &seen) });
        (judged.wrong, judged.unknown)
    };
    let hole = |partition, until| Hole { partition, until };
    assert_eq!(with(&[], &all), (Some(Kind::Lost), None));
    assert_eq!(with(&[hole(Some(1), 1)], &all), (None, Some(Unknown::Hole(0))));
    assert_eq!(with(&[hole(Some(0), 1)], &all).0, Some(Kind::Lost));
    assert_eq!(with(&[hole(None, 0)], &all), (None, Some(Unknown::Hole(0))));
    let order = BTreeSet::from([DeliveryCheck::OrderPerPartition]);
    assert_eq!(with(&[], &order), (None, None), "what is lost is in no wrong order");
}

#[test]
fn a_hole_may_hide_a_copy_and_no_loss_where_everything_came() {
    let model = Model {
        ids: vec!["a".to_owned()],
        marks: vec![Some("1".to_owned())],
        keys: vec![None],
        fates: vec![Fate::Acknowledged(place(3))],
        log: vec![vec![Truth::Of(0)]],
    };
    let (sent, seen) = (model.sent(), model.seen());
    let with = |check: DeliveryCheck| {
        let (checks, holes) = (BTreeSet::from([check]), [Hole { partition: Some(0), until: 3 }]);
        verdict(&judge(&Case { holes: &holes, ..case(Pairing::SameLog, &checks, &sent, &seen) }))
    };
    let told = DeliveryCheck::ALL.map(with);
    assert_eq!(told, ["passed", "inconclusive", "passed", "passed", "inconclusive"]);
}

#[test]
fn another_record_at_the_place_of_an_event_is_not_that_event() {
    let model = Model {
        ids: vec!["a".to_owned()],
        marks: vec![None],
        keys: vec![None],
        fates: vec![Fate::Acknowledged(place(0))],
        log: vec![vec![Truth::Nobodys]],
    };
    let (sent, checks) = (model.sent(), DeliveryCheck::ALL.into());
    let seen = [seen(Some("b"), None, place(0))];
    let judged = judge(&case(Pairing::SameLog, &checks, &sent, &seen));
    assert_eq!(counts(&judged), [1, 0, 0, 1]);
    assert_eq!(judged.report.lost.examples[0].term(Kind::Lost), "inconsistent offsets");
}

#[test]
fn before_everything_was_read_nothing_is_lost_and_before_the_deadline_nothing_failed_to_come_out() {
    let model = Model {
        ids: vec!["a".to_owned()],
        marks: vec![None],
        keys: vec![None],
        fates: vec![Fate::Acknowledged(place(0))],
        log: vec![Vec::new()],
    };
    let (sent, checks) = (model.sent(), DeliveryCheck::ALL.into());
    let base = |pairing| case(pairing, &checks, &sent, &[]);
    let unread = judge(&Case { all_seen: false, is_over: false, ..base(Pairing::SameLog) });
    assert_eq!((unread.wrong, unread.report.awaited, unread.suspects), (None, 1, 0));
    let early = judge(&Case { is_over: false, ..base(Pairing::ById) });
    assert_eq!((early.wrong, early.report.awaited), (None, 1));
    let cut = judge(&Case { all_seen: false, ..base(Pairing::ById) });
    assert_eq!((cut.wrong, cut.unknown), (None, Some(Unknown::Unread)));
    assert_eq!(judge(&base(Pairing::ById)).wrong, Some(Kind::Lost));
}

#[test]
fn an_output_whose_input_was_perhaps_not_read_is_not_unexpected_yet() {
    let (out, checks) = ([seen(Some("a"), None, place(0))], DeliveryCheck::ALL.into());
    let base = || case(Pairing::ById, &checks, &[], &out);
    assert_eq!(judge(&base()).wrong, Some(Kind::Unexpected));
    let unread = judge(&Case { all_sent: false, ..base() });
    assert_eq!((unread.wrong, unread.unknown, unread.suspects), (None, Some(Unknown::UnreadSent), 1));
    let maybe = [Maybe { id: Some("a") }];
    let doubtful = judge(&Case { maybe_sent: &maybe, ..base() });
    assert_eq!((doubtful.wrong, doubtful.unknown), (None, Some(Unknown::MaybeSent(0))));
}

#[test]
fn a_hundred_thousand_events_are_judged_in_a_moment() {
    let count = 100_000;
    let ids: Vec<String> = (0..count).map(|n| format!("e-{n}")).collect();
    let of = |n: usize| Sent {
        id: Some(&ids[n]),
        mark: Some(&ids[n]),
        key: Some(&ids[n % 100].as_bytes()[..3]),
        fate: Fate::Acknowledged(place(n as i64)),
        pending: false,
        counts: true,
        due: true,
        order: Some((0, n as i64)),
    };
    let sent: Vec<Sent<'_>> = (0..count).map(of).collect();
    let seen: Vec<Seen<'_>> =
        (0..count).map(|n| self::seen(Some(&ids[n]), Some(&ids[n]), place(n as i64))).collect();
    let checks = DeliveryCheck::ALL.into();
    let began = std::time::Instant::now();
    for pairing in [Pairing::SameLog, Pairing::ById] {
        let judged = judge(&case(pairing, &checks, &sent, &seen));
        assert_eq!((judged.wrong, judged.unknown, judged.report.seen), (None, None, count as u64));
    }
    // What grows with the square takes minutes.
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}
