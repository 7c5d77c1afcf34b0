//! What every request of both ports meets first: the door, the journal, the faults, and then the router of its port.
//!
//! - [`visitors`] keeps web pages out;
//! - [`broken`] are bodies that do not come to their end;
//! - [`answers`] are answers that a fault gives in the service's place.
//!
//! A request whose connection is to be closed ends with [`Aborted`], which makes hyper drop the connection without a word.

mod answers;
mod broken;
mod visitors;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use http::request::Parts;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio::time::sleep;

use self::broken::{Broken, Ending};
use super::body::{Chunks, drain};
use super::server::socket::Line;
use super::{Shared, control, obs};
use crate::faults::{Decision, FaultKind};
use crate::identity::expiring_credential;
use crate::operation::{Call, Port};

/// Most bytes of an object or a part that are kept for later.
const MOST_KEPT_BYTES: usize = 64 << 20;

/// The entrance of one port; cheap to clone.
#[derive(Clone)]
pub(crate) struct Front {
    port: Port,
    router: TowerToHyperService<Router>,
    shared: Arc<Shared>,
    /// True once the emulator is to stop, which nobody may hold up on purpose.
    stop: watch::Receiver<bool>,
}

/// The entrance for one connection.
pub(super) struct OnLine {
    front: Front,
    line: Arc<Line>,
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(super) struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault closes the connection")
    }
}

impl std::error::Error for Aborted {}

impl Service<Request<Incoming>> for OnLine {
    type Response = Response;
    type Error = Aborted;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Aborted>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (front, line) = (self.front.clone(), Arc::clone(&self.line));
        Box::pin(async move { front.answer(line, request.map(Body::new)).await })
    }
}

impl Front {
    pub(crate) fn new(port: Port, router: Router, shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Self {
        Self { port, router: TowerToHyperService::new(router), shared, stop }
    }

    /// Whether a fault wants the next connection to end at once.
    pub(super) fn refuses_connection(&self) -> bool {
        self.shared.faults.refuses(self.port)
    }

    /// The entrance for a connection.
    pub(super) fn on(&self, line: Arc<Line>) -> OnLine {
        OnLine { front: self.clone(), line }
    }

    async fn answer(self, line: Arc<Line>, request: Request<Body>) -> Result<Response, Aborted> {
        let (parts, body) = request.into_parts();
        let call = match self.port {
            Port::Iotda => Call::of_iotda(&parts),
            Port::Obs => obs::call(&parts, &self.shared.store).await,
        };
        if let Err(rejection) = visitors::check(&parts, &self.shared.hosts) {
            drain(&parts, body, self.shared.patience).await;
            return Ok(answers::refusal(&self.shared, call, &rejection));
        }
        if self.port == Port::Iotda && control::is_control(parts.uri.path()) {
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(line);
            return Ok(self.route(request).await);
        }
        let decision = self.shared.faults.decide(call, || expiring_credential(&parts.headers).is_some());
        let struck = decision.as_ref().map_or(&[][..], |decision| &decision.ids);
        let (number, body) = self.shared.journal.begin(call, &parts, body, struck);
        let response = match decision {
            None => self.route(Request::from_parts(parts, body)).await,
            Some(decision) => self.suffer(decision, &line, call, parts, body).await?,
        };
        let id = ["x-request-id", "x-obs-request-id"].iter().find_map(|name| response.headers().get(*name));
        self.shared.journal.end(number, response.status().as_u16(), id.cloned());
        Ok(response)
    }

    /// Waits and fails as it was decided.
    async fn suffer(
        &self,
        decision: Decision,
        line: &Arc<Line>,
        call: Call,
        parts: Parts,
        body: Body,
    ) -> Result<Response, Aborted> {
        if !decision.delay.is_zero() {
            let mut stop = self.stop.clone();
            tokio::select! {
                () = sleep(decision.delay) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        match decision.kind {
            Some(kind) => self.strike(kind, line, call, parts, body).await,
            None => Ok(self.route(Request::from_parts(parts, body)).await),
        }
    }

    /// Lets the router answer.
    async fn route(&self, request: Request<Body>) -> Response {
        match self.port {
            Port::Iotda => super::answer_iotda(&self.shared, &self.router, request).await,
            Port::Obs => super::call(&self.router, request).await,
        }
    }

    /// Lets the router do what a request wants, though there is nobody left to answer; nothing if the emulator stops or
    /// is reset first.
    async fn route_later(self, delay: Duration, request: Request<Body>, resets: u64) {
        let mut stop = self.stop.clone();
        let is_time = tokio::select! {
            () = sleep(delay) => true,
            _ = stop.wait_for(|stop| *stop) => false,
        };
        if is_time && resets == self.resets() {
            self.route(request).await;
        }
    }

    fn resets(&self) -> u64 {
        self.shared.resets.load(Ordering::Acquire)
    }

    /// Makes a fault happen.
    async fn strike(
        &self,
        kind: FaultKind,
        line: &Arc<Line>,
        call: Call,
        parts: Parts,
        body: Body,
    ) -> Result<Response, Aborted> {
        match kind {
            FaultKind::Status { status, shape, code } => {
                drain(&parts, body, self.shared.patience).await;
                Ok(answers::status(&self.shared, call, status, shape, code.as_deref()))
            }
            FaultKind::Throttle { status, retry_after } => {
                drain(&parts, body, self.shared.patience).await;
                Ok(answers::throttled(&self.shared, call, status, retry_after.as_deref()))
            }
            FaultKind::CloseBefore { reset } => Err(abort(line, reset)),
            FaultKind::CloseBeforeCommit { delay, reset } => {
                let resets = self.resets();
                let most_bytes = match self.port {
                    Port::Iotda => self.shared.limits.body_bytes,
                    Port::Obs => MOST_KEPT_BYTES,
                };
                if let Ok(Some(body)) = Chunks::new(body, self.shared.patience).whole(most_bytes).await {
                    tokio::spawn(self.clone().route_later(delay, Request::from_parts(parts, body.into()), resets));
                }
                Err(abort(line, reset))
            }
            FaultKind::CloseAfterCommit { reset } => {
                self.route(Request::from_parts(parts, body)).await;
                Err(abort(line, reset))
            }
            FaultKind::Expire => {
                if let Some(credential) = expiring_credential(&parts.headers) {
                    self.shared.access.identities.expire(credential);
                }
                Ok(self.route(Request::from_parts(parts, body)).await)
            }
            FaultKind::Cut { at } => {
                let response = self.route(Request::from_parts(parts, body)).await;
                match broken::length(&response) {
                    0 => Err(Aborted),
                    length => Ok(Broken::after(response, at.unwrap_or(length / 2), Ending::Cut, line)),
                }
            }
            FaultKind::Stall { at, pause } => {
                let response = self.route(Request::from_parts(parts, body)).await;
                let mut stop = self.stop.clone();
                let pause = async move {
                    let over = async {
                        match pause {
                            Some(pause) => sleep(pause).await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        () = over => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                };
                match broken::length(&response) {
                    0 => {
                        pause.await;
                        Ok(response)
                    }
                    length => {
                        Ok(Broken::after(response, at.unwrap_or(length / 2), Ending::Stall(Box::pin(pause)), line))
                    }
                }
            }
            // Neither of them is decided on for a single request.
            FaultKind::Delay(_) | FaultKind::Refuse => Ok(self.route(Request::from_parts(parts, body)).await),
        }
    }
}

fn abort(line: &Line, reset: bool) -> Aborted {
    if reset {
        line.reset_at_end();
    }
    Aborted
}
