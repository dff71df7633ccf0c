//! Tree to a schema registry: which ways to authenticate go together, told all at once.

use super::super::model::OauthConfig;
use super::super::read::{http_url, read_duration};
use super::keys::{AUTH, OAUTHBEARER, REGISTRY, STATIC_TOKEN};
use super::{MOCK, RegistryAuth, RegistryCredentials, RegistryOauth, RegistryTls, SchemaRegistryConfig};
use crate::config::Secret;
use crate::document::{Fields, Node, Place, Problems};

/// Reads `schema-registry:` of a cluster with this `oauth:`.
pub(crate) fn read(
    node: &Node,
    oauth: Option<&OauthConfig>,
    problems: &mut Problems,
) -> Option<SchemaRegistryConfig> {
    let fields = Fields::open(node, &REGISTRY, problems)?;
    let url = fields.text("url", problems);
    if let (Some(url), Some(node)) = (&url, fields.node("url")) {
        check_url(url, &node.place, problems);
    }
    let auth = fields.node("auth").and_then(|node| {
        let fields = Fields::open(node, &AUTH, problems)?;
        Some(Reader { fields, oauth }.auth(url.as_deref(), problems))
    });
    let mut read = SchemaRegistryConfig::at(url.unwrap_or_default());
    read.auth = auth.unwrap_or_default();
    let mut flag = |name: &str, slot: &mut bool| *slot = fields.boolean(name, problems).unwrap_or(*slot);
    flag("auto.register.schemas", &mut read.auto_register_schemas);
    flag("use.latest.version", &mut read.use_latest_version);
    flag("normalize.schemas", &mut read.normalize_schemas);
    if let (true, true, Some(node)) =
        (read.auto_register_schemas, read.use_latest_version, fields.node("use.latest.version"))
    {
        problems
            .add(&node.place, "`auto.register.schemas` and `use.latest.version` excluded each other")
            .hint("set one of them to `false`");
    }
    read_duration(&fields, "request-timeout", &mut read.request_timeout, problems);
    if let (true, Some(node)) = (read.request_timeout.is_zero(), fields.node("request-timeout")) {
        problems.add(&node.place, "`request-timeout` was no time at all").hint("write it as `2s`");
    }
    let retries = fields.integer("max-retries", problems).and_then(|number| u32::try_from(number).ok());
    read.max_retries = retries.unwrap_or(read.max_retries);
    read_duration(&fields, "latest-cache-ttl", &mut read.latest_cache_ttl, problems);
    (!read.url.is_empty()).then_some(read)
}

fn check_url(text: &str, place: &Place, problems: &mut Problems) {
    if let Some(scope) = text.trim().strip_prefix(MOCK) {
        if scope.is_empty() || scope.contains([',', '/', '@']) || scope.contains(char::is_whitespace) {
            problems
                .add(place, "`url` named no registry of this process")
                .hint("write `mock://SCOPE`, one name alone");
        }
        return;
    }
    for url in text.split(',').map(str::trim) {
        let before = problems.len();
        http_url("url", url, place, problems);
        if problems.len() == before && url.contains(['?', '#']) {
            problems.add(place, "`url` held a query").hint("end it before the `?` or the `#`");
        }
    }
}

struct Reader<'a> {
    fields: Fields<'a>,
    oauth: Option<&'a OauthConfig>,
}

impl Reader<'_> {
    fn auth(&self, url: Option<&str>, problems: &mut Problems) -> RegistryAuth {
        // All of them, so that each is checked by itself, whatever else is wrong.
        let user_info = self.secret("basic.auth.user.info", problems);
        let token = self.secret("bearer.auth.token", problems);
        let client = self.client(problems);
        RegistryAuth {
            credentials: self.credentials(user_info, token, client, problems),
            logical_cluster: self.for_bearer("bearer.auth.logical.cluster", problems),
            identity_pool: self.for_bearer("bearer.auth.identity.pool.id", problems),
            tls: self.tls(url, problems),
        }
    }

    fn secret(&self, name: &str, problems: &mut Problems) -> Option<Secret> {
        self.fields.text(name, problems).map(Secret::new)
    }

    fn credentials(
        &self,
        user_info: Option<Secret>,
        token: Option<Secret>,
        client: Option<RegistryOauth>,
        problems: &mut Problems,
    ) -> RegistryCredentials {
        let basic = self.first(BASIC);
        let bearer = self.first(STATIC).or_else(|| self.first(CLIENT)).or_else(|| self.first(BEARER_SOURCE));
        if let (Some((one, place)), Some((other, _))) = (basic, bearer) {
            problems
                .add(place, format!("`{one}` and `{other}` excluded each other"))
                .hint("leave out one way to authenticate");
            return RegistryCredentials::None;
        }
        if basic.is_some() {
            return self.basic(user_info, problems);
        }
        let source = self.fields.choice("bearer.auth.credentials.source", problems);
        let named = source.or_else(|| self.first(CLIENT).map(|_| OAUTHBEARER));
        let named = named.or_else(|| self.first(STATIC).map(|_| STATIC_TOKEN));
        let (other, other_keys) = match named {
            Some(OAUTHBEARER) => (STATIC_TOKEN, STATIC),
            _ => (OAUTHBEARER, CLIENT),
        };
        if let (Some(named), Some((key, place))) = (named, self.first(other_keys)) {
            problems
                .add(place, format!("`{key}` was of no use to `{named}`"))
                .hint(format!("leave it out, or set `bearer.auth.credentials.source: {other}`"));
        }
        match (named, token, client) {
            (Some(OAUTHBEARER), _, Some(client)) => RegistryCredentials::Oauth(client),
            (Some(OAUTHBEARER), _, None) => {
                self.lacks(&["bearer.auth.client.id", "bearer.auth.client.secret"], OAUTHBEARER, problems);
                RegistryCredentials::None
            }
            (Some(_), Some(token), _) => RegistryCredentials::Token(token),
            (Some(named), None, _) => {
                self.lacks(STATIC, named, problems);
                RegistryCredentials::None
            }
            (None, ..) => RegistryCredentials::None,
        }
    }

    fn basic(&self, user_info: Option<Secret>, problems: &mut Problems) -> RegistryCredentials {
        let Some(user_info) = user_info else {
            self.lacks(&["basic.auth.user.info"], "USER_INFO", problems);
            return RegistryCredentials::None;
        };
        let _only_one = self.fields.choice("basic.auth.credentials.source", problems);
        if let (false, Some(node)) =
            (user_info.expose().contains(':'), self.fields.node("basic.auth.user.info"))
        {
            problems
                .add(&node.place, "`basic.auth.user.info` held no `:`")
                .hint("write it as `user:password`");
        }
        RegistryCredentials::Basic(user_info)
    }

    /// Returns the client credentials when they are whole; what is missing is told where their use is clear.
    fn client(&self, problems: &mut Problems) -> Option<RegistryOauth> {
        let token_endpoint = self.fields.text("bearer.auth.issuer.endpoint.url", problems);
        if let (Some(url), Some(node)) =
            (&token_endpoint, self.fields.node("bearer.auth.issuer.endpoint.url"))
        {
            http_url("bearer.auth.issuer.endpoint.url", url, &node.place, problems);
        }
        let client_id = self.fields.text("bearer.auth.client.id", problems);
        let client_secret = self.secret("bearer.auth.client.secret", problems);
        let scope = self.fields.text("bearer.auth.scope", problems);
        let known = token_endpoint.is_some()
            || self.oauth.is_some_and(|oauth| oauth.token_endpoint.is_some())
            || self.fields.node("bearer.auth.issuer.endpoint.url").is_some();
        let client =
            RegistryOauth { token_endpoint, client_id: client_id?, client_secret: client_secret?, scope };
        if !known {
            self.lacks(&["bearer.auth.issuer.endpoint.url"], OAUTHBEARER, problems);
        }
        Some(client)
    }

    fn for_bearer(&self, name: &str, problems: &mut Problems) -> Option<String> {
        let text = self.fields.text(name, problems)?;
        let any = [STATIC, CLIENT, BEARER_SOURCE].iter().any(|keys| self.first(keys).is_some());
        if let (false, Some(node)) = (any, self.fields.node(name)) {
            problems.add(&node.place, format!("`{name}` was of no use without a token")).hint(
                "add `bearer.auth.token:`, or `bearer.auth.client.id:` and `bearer.auth.client.secret:`",
            );
        }
        Some(text)
    }

    fn tls(&self, url: Option<&str>, problems: &mut Problems) -> RegistryTls {
        let tls = RegistryTls {
            ca: self.fields.text("ssl.ca", problems),
            certificate: self.fields.text("ssl.certificate", problems),
            key: self.secret("ssl.key", problems),
            key_password: self.secret("ssl.key.password", problems),
        };
        let place = &self.fields.object().place;
        for (one, other) in
            [("ssl.certificate", "ssl.key"), ("ssl.key", "ssl.certificate"), ("ssl.key.password", "ssl.key")]
        {
            if self.fields.node(one).is_some() && self.fields.node(other).is_none() {
                problems.add(place, format!("`auth` of `schema-registry` had `{one}` without `{other}`"));
            }
        }
        let secure = url.is_none_or(|url| url.split(',').any(|url| url.trim().starts_with("https://")));
        if let (false, Some((key, place))) = (secure, self.first(&["ssl.ca", "ssl.certificate", "ssl.key"])) {
            problems
                .add(place, format!("`auth` of `schema-registry` had `{key}` without TLS"))
                .hint("write its `url` with `https://`");
        }
        tls
    }

    /// Returns the first of these keys that is there, with its place.
    fn first(&self, keys: &[&'static str]) -> Option<(&'static str, &Place)> {
        keys.iter().find_map(|key| self.fields.node(key).map(|node| (*key, &node.place)))
    }

    fn lacks(&self, keys: &[&str], source: &str, problems: &mut Problems) {
        for key in keys.iter().filter(|key| self.fields.node(key).is_none()) {
            problems
                .add(
                    &self.fields.object().place,
                    format!("`auth` of `schema-registry` lacked `{key}`, which `{source}` needs"),
                )
                .hint(format!("add `{key}:`"));
        }
    }
}

const BASIC: &[&str] = &["basic.auth.user.info", "basic.auth.credentials.source"];
const STATIC: &[&str] = &["bearer.auth.token"];
const BEARER_SOURCE: &[&str] = &["bearer.auth.credentials.source"];
const CLIENT: &[&str] = &[
    "bearer.auth.client.id",
    "bearer.auth.client.secret",
    "bearer.auth.issuer.endpoint.url",
    "bearer.auth.scope",
];
