//! A server that only parses the JSON and answers 201, as fast as the same client posts.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::leads::{Flood, People, Phones, Target, flood};

/// About as long as an answer of Dealwire.
const ANSWER: &str = r#"{"data":{"id":1,"firstId":null,"name":"Посетитель 1234567","sourceId":null,"clientId":null,"phone":"79991234567","email":"visitor1234567@example.com","notAnswer":null,"userIdCreate":null,"userIdUpdate":null,"dtCreate":1760000000,"dtUpdate":1760000000,"dtNotAnswer":null,"locationUnitId":null,"locationCityId":null,"funnelStageId":null,"userIdOwner":null,"otherCount":0,"cost":15000,"remoteId":null,"utmSource":"yandex","utmMedium":"cpc","utmCampaign":"осенняя распродажа","utmContent":null,"utmTerm":"купить окна","utmReferrer":null,"openstatService":null,"openstatCampaign":null,"openstatAd":null,"openstatSource":null,"from":null,"yclid":null,"ymclid":null,"ymClientId":"1709543212345678901","gclid":null,"yqrid":null,"fbclid":null,"roistatId":null,"referrer":"https://example.com/windows?from=search","ip":"203.0.113.7"}}"#;

/// Posts `count` leads over so many connections.
pub(super) async fn measure(connections: u32, count: u32) -> anyhow::Result<Flood> {
    let (stop, stopped) = oneshot::channel();
    let (address, serving) = serve(stopped)?;
    let target = Target::new(address, "/in/ceiling");
    let people = Arc::<People>::default();
    let flood = flood(&target, connections, count, &people, Phones::Own).await;
    // It may have ended by itself, with an error.
    let _ = stop.send(());
    tokio::task::spawn_blocking(move || serving.join())
        .await?
        .map_err(|_panic| anyhow::anyhow!("the bare handler panicked"))??;
    flood
}

type Serving = std::thread::JoinHandle<std::io::Result<()>>;

/// Serves until told to stop, on threads of its own and as many as Dealwire would have.
fn serve(stopped: oneshot::Receiver<()>) -> anyhow::Result<(SocketAddr, Serving)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let serving = std::thread::Builder::new()
        .name("bare handler".to_owned())
        .spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = || App::new().route("/in/{token}", web::post().to(answer));
                let server = HttpServer::new(app)
                    .disable_signals()
                    .listen(listener)?
                    .run();
                let handle = server.handle();
                actix_web::rt::spawn(async move {
                    // Told, or nobody is left to tell.
                    let _ = stopped.await;
                    handle.stop(false).await;
                });
                server.await
            })
        })
        .context("no thread for the bare handler")?;
    Ok((address, serving))
}

async fn answer(body: web::Bytes) -> HttpResponse {
    match serde_json::from_slice::<Value>(&body) {
        Ok(lead) if lead.is_object() => HttpResponse::Created()
            .content_type(ContentType::json())
            .body(ANSWER),
        _ => HttpResponse::BadRequest().finish(),
    }
}
