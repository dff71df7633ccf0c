use super::*;

const LOCAL: &str = "127.0.0.1";

/// Writes a rule as `ALLOW User:alice READ TOPIC LITERAL orders`, with a host at the end or none for all.
fn rule(text: &str) -> Rule {
    let words: Vec<&str> = text.split(' ').collect();
    let named = |name: &str, all: &[(&'static str, i8)]| {
        all.iter().find(|(kafka, _)| *kafka == name).unwrap_or_else(|| panic!("{name}")).1
    };
    let permissions: Vec<_> = Permission::ALL.iter().map(|it| (it.name(), it.code())).collect();
    let operations: Vec<_> = Operation::ALL.iter().map(|it| (it.name(), it.code())).collect();
    let resources: Vec<_> = Resource::ALL.iter().map(|it| (it.name(), it.code())).collect();
    let patterns: Vec<_> = Pattern::ALL.iter().map(|it| (it.name(), it.code())).collect();
    Rule::from_codes(
        (named(words[3], &resources), words[5], named(words[4], &patterns)),
        (words[1], words.get(6).unwrap_or(&"*")),
        (named(words[2], &operations), named(words[0], &permissions)),
    )
    .expect("a rule")
}

fn authorizer(rules: &[&str]) -> Authorizer {
    let options = AclOptions { super_users: vec!["User:root".to_owned()], ..AclOptions::default() };
    let mut authorizer = Authorizer::new(options);
    rules.iter().for_each(|text| authorizer.add(rule(text)));
    authorizer
}

fn may(rules: &[&str], name: &str, operation: Operation, topic: &str) -> bool {
    let principal = Principal::user(name);
    let asker = Asker { principal: &principal, host: LOCAL };
    authorizer(rules).authorize(asker, operation, Resource::Topic, topic)
}

#[test]
fn rules_decide_as_the_standard_authorizer_does() {
    use Operation::*;
    let alice_reads = "ALLOW User:alice READ TOPIC LITERAL orders";
    for (rules, name, operation, topic, expected) in [
        (&[][..], "alice", Read, "orders", false),
        (&[], "root", Alter, "orders", true),
        (&[alice_reads], "alice", Read, "orders", true),
        (&[alice_reads], "alice", Write, "orders", false),
        (&[alice_reads], "alice", Read, "orders2", false),
        (&[alice_reads], "alice", Read, "order", false),
        (&[alice_reads], "bob", Read, "orders", false),
        (&[alice_reads], "Alice", Read, "orders", false),
        (&["ALLOW User:* READ TOPIC LITERAL orders"], "bob", Read, "orders", true),
        (&["ALLOW User:alice READ TOPIC LITERAL *"], "alice", Read, "anything", true),
        (&["ALLOW User:alice READ TOPIC PREFIXED ord"], "alice", Read, "orders", true),
        (&["ALLOW User:alice READ TOPIC PREFIXED ord"], "alice", Read, "ord", true),
        (&["ALLOW User:alice READ TOPIC PREFIXED ord"], "alice", Read, "or", false),
        (&["ALLOW User:alice READ TOPIC PREFIXED *"], "alice", Read, "orders", false),
        (&["ALLOW User:alice ALL TOPIC LITERAL orders"], "alice", AlterConfigs, "orders", true),
        (&["ALLOW User:alice READ GROUP LITERAL orders"], "alice", Read, "orders", false),
        (&["ALLOW User:alice READ TOPIC LITERAL orders 127.0.0.1"], "alice", Read, "orders", true),
        (&["ALLOW User:alice READ TOPIC LITERAL orders 10.0.0.1"], "alice", Read, "orders", false),
        (&["ALLOW Group:alice READ TOPIC LITERAL orders"], "alice", Read, "orders", false),
        // A denial wins, whatever it stands on.
        (&[alice_reads, "DENY User:alice READ TOPIC LITERAL orders"], "alice", Read, "orders", false),
        (&["DENY User:* ALL TOPIC LITERAL *", alice_reads], "alice", Read, "orders", false),
        (&["DENY User:alice READ TOPIC PREFIXED o", alice_reads], "alice", Read, "orders", false),
        (&["DENY User:bob READ TOPIC LITERAL orders", alice_reads], "alice", Read, "orders", true),
        (&["DENY User:alice WRITE TOPIC LITERAL orders", alice_reads], "alice", Read, "orders", true),
        (&["DENY User:alice READ TOPIC LITERAL orders 10.0.0.1", alice_reads], "alice", Read, "orders", true),
        (&["DENY User:root ALL TOPIC LITERAL *"], "root", Read, "orders", true),
    ] {
        assert_eq!(may(rules, name, operation, topic), expected, "{rules:?} {name} {operation:?} {topic}");
    }
}

#[test]
fn being_allowed_to_act_allows_to_look_and_being_denied_to_act_denies_no_more() {
    use Operation::*;
    for operation in Operation::ALL {
        let of = |permission: &str| format!("{permission} User:alice {} TOPIC LITERAL t", operation.name());
        let describes = matches!(operation, All | Describe | Read | Write | Delete | Alter);
        assert_eq!(may(&[&of("ALLOW")], "alice", Describe, "t"), describes, "{operation:?}");
        let shows_configs = matches!(operation, All | DescribeConfigs | AlterConfigs);
        assert_eq!(may(&[&of("ALLOW")], "alice", DescribeConfigs, "t"), shows_configs, "{operation:?}");
        let everything = "ALLOW User:alice ALL TOPIC LITERAL t";
        let still = !matches!(operation, All | Describe);
        assert_eq!(may(&[&of("DENY"), everything], "alice", Describe, "t"), still, "{operation:?}");
    }
}

#[test]
fn what_no_rule_is_about_may_be_allowed_to_everybody() {
    let options = AclOptions { allow_everyone_if_no_acl_found: true, ..AclOptions::default() };
    let mut authorizer = Authorizer::new(options);
    authorizer.add(rule("ALLOW User:alice READ TOPIC PREFIXED ord"));
    let bob = Principal::user("bob");
    let may = |topic| {
        let asker = Asker { principal: &bob, host: LOCAL };
        authorizer.authorize(asker, Operation::Read, Resource::Topic, topic)
    };
    assert!(may("parcels"));
    assert!(!may("orders"), "a rule is about it, though for somebody else");
}

#[test]
fn whether_some_topic_may_be_written_is_asked_without_a_name() {
    let some = |rules: &[&str]| {
        let alice = Principal::user("alice");
        let asker = Asker { principal: &alice, host: LOCAL };
        authorizer(rules).authorize_some(asker, Operation::Write, Resource::Topic)
    };
    let writes = "ALLOW User:alice WRITE TOPIC LITERAL orders";
    let writes_prefix = "ALLOW User:alice WRITE TOPIC PREFIXED ord";
    for (rules, expected) in [
        (&[][..], false),
        (&[writes], true),
        (&["ALLOW User:alice READ TOPIC LITERAL orders"], false),
        (&["ALLOW User:alice WRITE GROUP LITERAL orders"], false),
        (&["ALLOW User:* ALL TOPIC LITERAL *"], true),
        (&[writes, "DENY User:alice WRITE TOPIC LITERAL orders"], false),
        (&[writes, "DENY User:alice WRITE TOPIC PREFIXED ord"], false),
        (&[writes, "DENY User:* ALL TOPIC LITERAL *"], false),
        (&[writes, "DENY User:alice WRITE TOPIC LITERAL parcels"], true),
        (&[writes_prefix, "DENY User:alice WRITE TOPIC LITERAL orders"], true),
        (&[writes_prefix, "DENY User:alice WRITE TOPIC PREFIXED orders"], true),
        (&[writes_prefix, "DENY User:alice WRITE TOPIC PREFIXED o"], false),
        (&[writes_prefix, "DENY User:bob WRITE TOPIC PREFIXED o"], true),
    ] {
        assert_eq!(some(rules), expected, "{rules:?}");
    }
}

/// Which of five rules a filter means, by their letters.
fn meant(authorizer: &Authorizer, filter: &RuleFilter) -> String {
    authorizer.list(filter).map(|rule| rule.principal.trim_start_matches("User:")).collect()
}

fn five() -> Authorizer {
    authorizer(&[
        "ALLOW User:a READ TOPIC LITERAL orders",
        "ALLOW User:b READ TOPIC PREFIXED ord",
        "ALLOW User:c WRITE TOPIC LITERAL *",
        "DENY User:d READ TOPIC LITERAL ord 10.0.0.1",
        "ALLOW User:e READ GROUP LITERAL orders",
    ])
}

#[test]
fn a_filter_means_rules_by_pattern_and_entry() {
    const ANY: i8 = 1;
    const MATCH: i8 = 2;
    const LITERAL: i8 = 3;
    const PREFIXED: i8 = 4;
    const TOPIC: i8 = 2;
    let all = (ANY, ANY);
    let nobody = (None, None);
    for (pattern, entry, what, expected) in [
        ((ANY, None, ANY), nobody, all, "abcde"),
        ((TOPIC, None, ANY), nobody, all, "abcd"),
        ((TOPIC, Some("orders"), ANY), nobody, all, "a"),
        ((TOPIC, Some("orders"), LITERAL), nobody, all, "a"),
        ((TOPIC, Some("orders"), PREFIXED), nobody, all, ""),
        ((TOPIC, Some("orders"), MATCH), nobody, all, "abc"),
        ((ANY, Some("orders"), MATCH), nobody, all, "abce"),
        ((TOPIC, Some("ord"), MATCH), nobody, all, "bcd"),
        ((TOPIC, Some("ord"), ANY), nobody, all, "bd"),
        ((TOPIC, Some("ord"), PREFIXED), nobody, all, "b"),
        ((TOPIC, Some("*"), LITERAL), nobody, all, "c"),
        ((TOPIC, None, LITERAL), nobody, all, "acd"),
        ((TOPIC, None, MATCH), nobody, all, "abcd"),
        ((ANY, None, ANY), (Some("User:b"), None), all, "b"),
        ((ANY, None, ANY), (None, Some("10.0.0.1")), all, "d"),
        ((ANY, None, ANY), (None, Some("*")), all, "abce"),
        ((ANY, None, ANY), nobody, (4, ANY), "c"),
        ((ANY, None, ANY), nobody, (3, 3), "abe"),
        ((ANY, None, ANY), nobody, (ANY, 2), "d"),
    ] {
        let filter = RuleFilter::from_codes(pattern, entry, what).expect("a filter");
        assert_eq!(meant(&five(), &filter), expected, "{pattern:?} {entry:?} {what:?}");
    }
}

#[test]
fn deleting_returns_what_each_filter_meant_and_leaves_the_rest() {
    let mut authorizer = five();
    let filter =
        |name, pattern| RuleFilter::from_codes((2, Some(name), pattern), (None, None), (1, 1)).unwrap();
    let deleted = authorizer.delete(&[filter("orders", 2), filter("*", 3), filter("none", 3)]);
    let names: Vec<Vec<&str>> =
        deleted.iter().map(|rules| rules.iter().map(|rule| &rule.principal[5..]).collect()).collect();
    assert_eq!(names, [vec!["a", "b", "c"], vec!["c"], vec![]]);
    let all = RuleFilter::from_codes((1, None, 1), (None, None), (1, 1)).unwrap();
    assert_eq!(meant(&authorizer, &all), "de");
}

#[test]
fn a_rule_is_there_once() {
    let mut authorizer = five();
    authorizer.add(rule("ALLOW User:a READ TOPIC LITERAL orders"));
    let all = RuleFilter::from_codes((1, None, 1), (None, None), (1, 1)).unwrap();
    assert_eq!(meant(&authorizer, &all), "abcde");
}

#[test]
fn a_rule_that_kafka_refuses_is_refused_with_its_message() {
    let made = |resource, name, pattern, operation, permission| {
        Rule::from_codes((resource, name, pattern), ("User:a", "*"), (operation, permission)).unwrap_err()
    };
    assert_eq!(made(1, "t", 3, 3, 3), "Invalid resourceType ANY");
    assert_eq!(made(99, "t", 3, 3, 3), "Invalid resourceType UNKNOWN");
    assert_eq!(made(2, "t", 1, 3, 3), "Invalid patternType ANY");
    assert_eq!(made(2, "t", 2, 3, 3), "Invalid patternType MATCH");
    assert_eq!(made(2, "t", 3, 1, 3), "Invalid operation ANY");
    assert_eq!(made(2, "t", 3, 0, 3), "Invalid operation UNKNOWN");
    assert_eq!(made(2, "t", 3, 3, 1), "Invalid permissionType ANY");
    assert_eq!(made(2, "", 3, 3, 3), "Invalid empty resource name");
    assert_eq!(made(4, "c", 3, 3, 3), "The only valid name for the CLUSTER resource is kafka-cluster");
    assert!(Rule::from_codes((4, CLUSTER_NAME, 3), ("User:a", "*"), (9, 3)).is_ok());
}

#[test]
fn a_filter_with_an_unknown_condition_is_refused() {
    let filter = |resource, pattern, operation, permission| {
        RuleFilter::from_codes((resource, None, pattern), (None, None), (operation, permission)).map(|_| ())
    };
    assert_eq!(filter(0, 1, 1, 1), Err("Unknown patternFilter."));
    assert_eq!(filter(1, 0, 1, 1), Err("Unknown patternFilter."));
    assert_eq!(filter(1, 1, 0, 1), Err("Unknown entryFilter."));
    assert_eq!(filter(1, 1, 1, 77), Err("Unknown entryFilter."));
    assert_eq!(filter(1, 1, 1, 1), Ok(()));
}

#[test]
fn every_code_is_read_as_what_it_was_written_from() {
    for &resource in Resource::ALL {
        assert_eq!(Resource::from_code(resource.code()), Some(resource));
    }
    for &operation in Operation::ALL {
        assert_eq!(Operation::from_code(operation.code()), Some(operation));
    }
    assert_eq!([0, 1, 16, -1].map(Operation::from_code), [None; 4]);
}

#[test]
fn a_host_is_written_as_the_jvm_writes_it() {
    for (address, written) in [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("2001:db8::ff00:42:8329", "2001:db8:0:0:0:ff00:42:8329"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
    ] {
        assert_eq!(host(address.parse().expect("an address")), written);
    }
}
