//! Lists of Vertex AI: pages, filters, views, versions.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Bench, against, request};

const FILE: &str = "profile = \"vertex/gemini-flash\"\nauth = \"off\"\n";
const SCOPE: &str = "/v1/projects/p-1/locations/us-central1";
const GARDEN: &str = "/v1beta1/publishers/google/models";

async fn get(bench: &Bench, path: &str) -> (u16, Value) {
    let answered = bench.call(request(Method::GET, path, &[], "")).await;
    (answered.status(), serde_json::from_slice(&answered.body).expect("JSON"))
}

fn names(page: &Value) -> Vec<String> {
    let models = page["publisherModels"].as_array().expect("models");
    models.iter().map(|model| model["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn the_garden_is_listed_page_by_page() {
    against(FILE, |bench| async move {
        let (_, all) = get(&bench, GARDEN).await;
        let all = names(&all);
        assert!(all.len() > 6, "{all:?}");
        for size in [1, 2, 5] {
            let (mut found, mut token) = (Vec::new(), String::new());
            for _ in 0..=all.len() {
                let (status, page) =
                    get(&bench, &format!("{GARDEN}?pageSize={size}&pageToken={token}")).await;
                assert_eq!(status, 200, "{page}");
                found.extend(names(&page));
                token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
                if token.is_empty() {
                    break;
                }
                assert_eq!(names(&page).len(), size);
            }
            assert_eq!(found, all, "pages of {size}");
        }
        let (_, page) = get(&bench, &format!("{GARDEN}?pageSize=2")).await;
        let (_, again) = get(&bench, &format!("{GARDEN}?pageSize=2")).await;
        assert_eq!(page, again, "the token is the same for the same page");
    });
}

#[test]
fn a_filter_chooses() {
    against(FILE, |bench| async move {
        let flash = "publishers/google/models/gemini-2.5-flash";
        let query = |filter: &str| {
            let encoded: String = form(filter);
            format!("{GARDEN}?filter={encoded}")
        };
        let (_, one) = get(&bench, &query(&format!("name=\"{flash}\""))).await;
        assert_eq!(names(&one), [flash]);
        let (_, all) = get(&bench, GARDEN).await;
        let (_, others) = get(&bench, &query(&format!("NOT name=\"{flash}\" AND launch_stage=GA"))).await;
        assert_eq!(names(&others).len() + 1, names(&all).len());
        let tuned = format!("{SCOPE}/models?filter={}", form("labels.tune-type:*"));
        assert_eq!(get(&bench, &tuned).await.1["models"].as_array().map(Vec::len), Some(1));
        for filter in
            ["displayName=other", "labels.tune-type=dpo", "labels.none:*", "model!=4193520786934661120"]
        {
            let (status, page) = get(&bench, &format!("{SCOPE}/models?filter={}", form(filter))).await;
            assert_eq!((status, page), (200, json!({"models": []})), "{filter}");
        }
        let none = format!("{SCOPE}/endpoints?filter={}", form("displayName=\"other\" OR labels.a=b"));
        assert_eq!(get(&bench, &none).await.1, json!({"endpoints": []}));
    });
}

/// As a form encodes it.
fn form(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn what_makes_no_sense_is_refused_by_every_list() {
    against(FILE, |bench| async move {
        let (_, page) = get(&bench, &format!("{GARDEN}?pageSize=1")).await;
        let of_garden = page["nextPageToken"].as_str().expect("more").to_owned();
        let lists = [
            GARDEN.to_owned(),
            format!("{SCOPE}/models"),
            format!("{SCOPE}/endpoints"),
            format!("{SCOPE}/cachedContents"),
        ];
        for list in lists {
            for (query, field, message) in [
                (
                    "pageToken=2".to_owned(),
                    "page_token",
                    "List of found errors:\t1.Field: page_token; Message: Invalid page token.\t",
                ),
                (
                    format!("pageToken={of_garden}x"),
                    "page_token",
                    "List of found errors:\t1.Field: page_token",
                ),
                (
                    "pageSize=many".to_owned(),
                    "page_size",
                    "Invalid value at 'page_size' (TYPE_INT32), \"many\"",
                ),
                ("pageSize=-1".to_owned(), "page_size", "List of found errors:\t1.Field: page_size"),
                (
                    "filter=(".to_owned(),
                    "filter",
                    "List of found errors:\t1.Field: filter; Message: Invalid filter: syntax error",
                ),
                ("filter=nothing%3Dx".to_owned(), "filter", "Invalid filter: unsupported field nothing."),
            ] {
                let (status, error) = get(&bench, &format!("{list}?{query}")).await;
                assert_eq!(
                    (status, &error["error"]["status"]),
                    (400, &json!("INVALID_ARGUMENT")),
                    "{list}?{query}: {error}"
                );
                assert_eq!(
                    error["error"]["details"][0]["fieldViolations"][0]["field"], field,
                    "{list}?{query}"
                );
                let said = error["error"]["message"].as_str().expect("a message");
                assert!(said.contains(message), "{list}?{query}: {said}");
            }
            if list != GARDEN {
                let (status, _) = get(&bench, &format!("{list}?pageToken={of_garden}")).await;
                assert_eq!(status, 400, "{list}: the token of another list");
            }
        }
        for (query, message) in [
            (
                "view=EVERYTHING",
                "Invalid value at 'view' (type.googleapis.com/google.cloud.aiplatform.v1beta1.PublisherModelView), \"EVERYTHING\"",
            ),
            ("listAllVersions=maybe", "Invalid value at 'list_all_versions' (TYPE_BOOL), \"maybe\""),
        ] {
            let (status, error) = get(&bench, &format!("{GARDEN}?{query}")).await;
            assert_eq!((status, &error["error"]["message"]), (400, &json!(message)));
        }
    });
}

#[test]
fn a_view_shows_more_or_less() {
    against(FILE, |bench| async move {
        let keys = |model: &Value| model.as_object().map_or(0, serde_json::Map::len);
        let one = format!("{GARDEN}/text-embedding-005");
        for (view, expected) in [
            ("", 6),
            ("?view=PUBLISHER_MODEL_VIEW_BASIC", 5),
            ("?view=2", 6),
            ("?view=PUBLISHER_MODEL_VERSION_VIEW_BASIC", 2),
        ] {
            let (status, model) = get(&bench, &format!("{one}{view}")).await;
            assert_eq!((status, keys(&model)), (200, expected), "{view}: {model}");
        }
        let filter = form("name=\"publishers/google/models/text-embedding-005\"");
        for (view, expected) in
            [("", 5), ("&view=1", 5), ("&view=PUBLISHER_MODEL_VIEW_FULL", 6), ("&view=3", 2)]
        {
            let (_, page) = get(&bench, &format!("{GARDEN}?filter={filter}{view}")).await;
            assert_eq!(keys(&page["publisherModels"][0]), expected, "{view}: {page}");
        }
    });
}

#[test]
fn versions_are_told_apart_and_all_of_them_listed_where_asked_for() {
    let file = format!("{FILE}models = [\"multimodalembedding@002\"]\n");
    against(&file, |bench| async move {
        let versions = |page: &Value| {
            let models = page["publisherModels"].as_array().expect("models");
            let own =
                models.iter().filter(|model| model["name"] == "publishers/google/models/multimodalembedding");
            own.map(|model| model["versionId"].as_str().expect("a version").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(versions(&get(&bench, GARDEN).await.1), ["002"]);
        for flag in ["listAllVersions=true", "list_all_versions=true"] {
            let (_, page) = get(&bench, &format!("{GARDEN}?{flag}")).await;
            assert_eq!(versions(&page), ["001", "002"]);
        }
        for (name, version) in [("multimodalembedding", "002"), ("multimodalembedding@001", "001")] {
            assert_eq!(get(&bench, &format!("{GARDEN}/{name}")).await.1["versionId"], version);
        }
    });
}
