//! Who calls: headers, tokens and their renewal, and nothing of it in any text.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::script::{Reaction, Script, open, open_with, within};
use crate::config::{OauthConfig, RegistryCredentials, RegistryOauth, SchemaRegistryConfig, Secret};
use crate::error::ErrorCode;

fn config(credentials: RegistryCredentials) -> SchemaRegistryConfig {
    let mut config = SchemaRegistryConfig::at("http://a");
    config.auth.credentials = credentials;
    config.auth.logical_cluster = Some("lsrc-1".to_owned());
    config.auth.identity_pool = Some("pool-1".to_owned());
    config
}

fn client() -> RegistryCredentials {
    RegistryCredentials::Oauth(RegistryOauth {
        token_endpoint: Some("http://t/token".to_owned()),
        client_id: "me".to_owned(),
        client_secret: Secret::new("hunter2"),
        scope: Some("a b".to_owned()),
    })
}

/// Gives tokens that live for so many seconds, and takes those that are not below `least`.
fn issuer(life: u64, least: usize) -> Arc<Script> {
    let mut given = 0;
    Script::new(move |seen| {
        if seen.line.contains("/token") {
            given += 1;
            let token = json!({"access_token": format!("hunter2-{given}"), "expires_in": life});
            return Reaction::Answer(200, token);
        }
        let token = seen.header("authorization").and_then(|header| header.strip_prefix("Bearer hunter2-"));
        let good = token.and_then(|number| number.parse().ok()).is_some_and(|number: usize| number >= least);
        if good {
            Reaction::Answer(200, json!([]))
        } else {
            Reaction::Answer(401, json!({"error_code": 401}))
        }
    })
}

fn tokens(script: &Script) -> usize {
    script.lines().iter().filter(|line| line.contains("/token")).count()
}

#[tokio::test(start_paused = true)]
async fn user_and_password_are_sent_as_basic_authentication() {
    let script = Script::of(vec![Reaction::Answer(200, json!([]))]);
    let registry = open(&script, &config(RegistryCredentials::Basic(Secret::new("u:p"))));
    registry.subjects(within(9)).await.unwrap();
    assert_eq!(script.seen()[0].header("authorization"), Some("Basic dTpw"));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_sent_with_the_cluster_and_the_pool_that_it_is_for() {
    let script = Script::of(vec![Reaction::Answer(200, json!([]))]);
    let registry = open(&script, &config(RegistryCredentials::Token(Secret::new("t"))));
    registry.subjects(within(9)).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(seen.header("authorization"), Some("Bearer t"));
    assert_eq!(seen.header("target-sr-cluster"), Some("lsrc-1"));
    assert_eq!(seen.header("confluent-identity-pool-id"), Some("pool-1"));
}

#[tokio::test(start_paused = true)]
async fn client_credentials_become_one_token_for_all_who_call_at_once() {
    let script = issuer(300, 0);
    let registry = open(&script, &config(client()));
    let calls = (0..20).map(|_| {
        let registry = registry.clone();
        async move { registry.subjects(within(9)).await }
    });
    for result in crate::runtime::join_all(calls.collect()).await {
        result.unwrap();
    }
    assert_eq!(tokens(&script), 1);
    let asked = &script.seen()[0];
    assert_eq!(asked.line, "POST http://t/token");
    assert_eq!(asked.body, "grant_type=client_credentials&scope=a%20b");
    assert_eq!(asked.header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_expires() {
    let script = issuer(300, 0);
    let registry = open(&script, &config(client()));
    for (wait, expected) in [(0, 1), (239, 1), (2, 2), (238, 2)] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        registry.subjects(within(9)).await.unwrap();
        assert_eq!(tokens(&script), expected, "after {wait} s more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_refused_is_renewed_once() {
    let script = issuer(300, 2);
    let registry = open(&script, &config(client()));
    registry.subjects(within(9)).await.unwrap();
    assert_eq!(tokens(&script), 2);
    let script = issuer(300, 9);
    let registry = open(&script, &config(client()));
    let error = registry.subjects(within(9)).await.unwrap_err();
    assert_eq!((error.code(), tokens(&script)), (ErrorCode::AuthenticationFailed, 2));
    assert!(error.message().contains("a token for client `me` (`bearer.auth.client.id`)"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn endpoint_and_scope_default_to_those_of_the_cluster() {
    let script = issuer(300, 0);
    let oauth = OauthConfig {
        token_endpoint: Some("http://cluster/token".to_owned()),
        client_scope: Some("all".to_owned()),
    };
    let credentials = RegistryOauth {
        token_endpoint: None,
        client_id: "me".to_owned(),
        client_secret: Secret::new("s"),
        scope: None,
    };
    let config = config(RegistryCredentials::Oauth(credentials));
    open_with(&script, &config, Some(&oauth)).subjects(within(9)).await.unwrap();
    let asked = &script.seen()[0];
    assert_eq!(asked.line, "POST http://cluster/token");
    assert_eq!(asked.body, "grant_type=client_credentials&scope=all");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_refuses_the_client_is_named_and_not_asked_again() {
    let answer = json!({"error": "invalid_client", "error_description": "hunter2"});
    let script = Script::of(vec![Reaction::Answer(401, answer)]);
    let error = open(&script, &config(client())).subjects(within(9)).await.unwrap_err();
    assert_eq!((error.code(), script.seen().len()), (ErrorCode::AuthenticationFailed, 1));
    let message = "token endpoint `http://t/token` gave no token to client `me`, it answered 401: \
                   invalid_client";
    assert_eq!(error.message(), message);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_is_asked_again_and_says_nothing_of_the_registry() {
    let script = Script::of(vec![Reaction::Broken]);
    let registry = open(&script, &config(client()));
    let error = registry.subjects(within(9)).await.unwrap_err();
    assert_eq!((error.code(), script.seen().len()), (ErrorCode::RegistryUnreachable, 4));
    assert!(error.message().starts_with("token endpoint `http://t/token` of the schema registry did not"));
    registry.subjects(within(9)).await.unwrap_err();
    assert_eq!(registry.state()["circuit"], "closed");
}

#[tokio::test(start_paused = true)]
async fn secrets_are_in_no_error_state_or_debug_text() {
    let kinds = [
        RegistryCredentials::Basic(Secret::new("u:hunter2")),
        RegistryCredentials::Token(Secret::new("hunter2")),
        client(),
    ];
    for credentials in kinds {
        for script in [issuer(300, 9), Script::of(vec![Reaction::Broken])] {
            let config = config(credentials.clone());
            let registry = open(&script, &config);
            let error = registry.subjects(within(9)).await.unwrap_err();
            let inner = &registry.inner;
            let text = format!("{error:?}{}{registry:?}{inner:?}{config:?}", error.to_json());
            let text = format!("{text}{}", registry.state());
            assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        }
    }
}
