//! What the demo suggests to try next.

use std::net::SocketAddr;
use std::path::Path;

/// Commands that can be pasted into another terminal.
/// `inbound` is the path of a source's URL.
pub(super) fn what_to_try(address: SocketAddr, inbound: &str, token_file: &Path) -> String {
    let token_file = std::path::absolute(token_file).unwrap_or_else(|_| token_file.to_owned());
    format!(
        r##"
A lead came in at http://{address}{inbound},
became a client and an order, and each was told to the receiver. The order entered the
second stage of its pipeline, where a trigger called /trigger. Callbacks are shown here as
they arrive. In another terminal, send a lead as a site does:

  curl -sS -X POST 'http://{address}{inbound}' --data-urlencode 'name=Анна' -d phone=+79161234567; echo

and work with what it became:

  TOKEN=$(cat '{token}')
  api() {{ curl -sS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; echo; }}

  api http://{address}/api/v1/leads
  api http://{address}/api/v1/orders
  api -X POST http://{address}/api/v1/orders -d '{{"name": "Мой заказ", "price": 990}}'
  api -X PATCH http://{address}/api/v1/orders/1 -d '{{"color": "#00ff88"}}'
  api -X DELETE http://{address}/api/v1/orders/1/tasks
  api http://{address}/api/v1/triggers
  api 'http://{address}/api/v1/deliveries?state=delivered'
  api 'http://{address}/api/v1/events?after=0'

Ctrl-C stops. Everything is kept; start again and go on.
"##,
        token = token_file.display()
    )
}
