//! Which requests a fault is for, and its readable form.

use std::fmt;
use std::str::FromStr;

use super::{Call, Operation, Service};
use crate::suggestion::suggestion;

/// Which requests something is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All requests but control calls, written `*`.
    Everything,
    /// The requests for one service.
    Service(Service),
    /// The requests for one operation.
    Operation(Operation),
}

impl Scope {
    pub(crate) fn covers(self, call: Call) -> bool {
        match self {
            Self::Everything => true,
            Self::Service(service) => service == call.service,
            Self::Operation(operation) => call.operation == Some(operation),
        }
    }
}

impl From<Service> for Scope {
    fn from(service: Service) -> Self {
        Self::Service(service)
    }
}

impl From<Operation> for Scope {
    fn from(operation: Operation) -> Self {
        Self::Operation(operation)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everything => "*",
            Self::Service(service) => service.as_str(),
            Self::Operation(operation) => operation.as_str(),
        })
    }
}

/// A text that names no operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no operation is called {name:?}; {hint}")]
pub struct UnknownScope {
    name: String,
    hint: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        if text == "*" {
            return Ok(Self::Everything);
        }
        let service = Service::ALL.into_iter().find(|service| service.as_str() == text).map(Self::Service);
        let operation = || Operation::ALL.iter().copied().find(|operation| operation.as_str() == text);
        service.or_else(|| operation().map(Self::Operation)).ok_or_else(|| {
            let names = Operation::ALL.iter().map(|operation| operation.as_str());
            let names = names.chain(Service::ALL.map(Service::as_str)).chain(["*"]);
            UnknownScope { name: text.to_owned(), hint: suggestion(text, names) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_read_as_it_is_written() {
        let scopes = Operation::ALL.iter().copied().map(Scope::from);
        for scope in scopes.chain(Service::ALL.map(Scope::from)).chain([Scope::Everything]) {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        let error = "create_ota_pakage".parse::<Scope>().unwrap_err().to_string();
        assert!(error.contains("create_ota_package"), "{error}");
    }
}
