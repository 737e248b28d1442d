//! Listening and connecting, in either world.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::pipe;
use super::{Address, Connection};
use crate::time::Clock;

/// Connections that a virtual listener holds before it accepts them; as a kernel's backlog.
const BACKLOG: usize = 4_096;

/// The network of a world. Clones are the same network.
#[derive(Debug, Clone)]
pub struct Network {
    clock: Clock,
    names: Option<Arc<Mutex<Names>>>,
    dialled: Arc<AtomicU64>,
}

/// The listeners of the virtual world, by name.
type Names = BTreeMap<Address, mpsc::Sender<Connection>>;

fn lock(names: &Mutex<Names>) -> MutexGuard<'_, Names> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    pub(crate) fn new(clock: Clock) -> Self {
        let names = clock.is_virtual().then(Arc::default);
        Self { clock, names, dialled: Arc::default() }
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// The address is taken, not this machine's, or not an address.
    pub fn listen(&self, address: &Address) -> io::Result<Listener> {
        match &self.names {
            None => self.listen_tcp(address),
            Some(names) => self.listen_pipe(names, address),
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there (`ConnectionRefused`), or another failure of the operating system.
    pub async fn connect(&self, address: &Address) -> io::Result<Connection> {
        let ordinal = self.dialled.fetch_add(1, Ordering::Relaxed);
        let Some(names) = &self.names else {
            let stream = TcpStream::connect(address.as_str()).await?;
            return Connection::of_tcp(stream, ordinal, self.clock);
        };
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let listener = lock(names).get(address).cloned().ok_or_else(refused)?;
        let (client, server) = pipe::pair();
        let server = Connection::of_pipe(server, 0, self.clock);
        // A full backlog refuses, as a kernel with `tcp_abort_on_overflow` would; it does not block,
        // because a blocked connect would hide overload as latency of nobody.
        listener.try_send(server).map_err(|_| refused())?;
        Ok(Connection::of_pipe(client, ordinal, self.clock))
    }

    fn listen_tcp(&self, address: &Address) -> io::Result<Listener> {
        let socket = std::net::TcpListener::bind(address.as_str())?;
        socket.set_nonblocking(true)?;
        let bound = Address::from(socket.local_addr()?);
        let source = Source::Tcp(TcpListener::from_std(socket)?);
        Ok(Listener { source, address: bound, clock: self.clock, accepted: AtomicU64::new(0) })
    }

    fn listen_pipe(&self, names: &Arc<Mutex<Names>>, address: &Address) -> io::Result<Listener> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let mut taken = lock(names);
        if taken.contains_key(address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        taken.insert(address.clone(), sender);
        let registration = Registration { names: Arc::clone(names), address: address.clone() };
        let source = Source::Pipe { queue: AsyncMutex::new(receiver), _registration: registration };
        Ok(Listener { source, address: address.clone(), clock: self.clock, accepted: AtomicU64::new(0) })
    }
}

/// Accepts connections until it is dropped.
#[derive(Debug)]
pub struct Listener {
    source: Source,
    address: Address,
    clock: Clock,
    accepted: AtomicU64,
}

#[derive(Debug)]
enum Source {
    Tcp(TcpListener),
    Pipe { queue: AsyncMutex<mpsc::Receiver<Connection>>, _registration: Registration },
}

/// Takes a name out of the registry when its listener goes.
#[derive(Debug)]
struct Registration {
    names: Arc<Mutex<Names>>,
    address: Address,
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock(&self.names).remove(&self.address);
    }
}

impl Listener {
    /// Where it listens; in the real world with the port that was given.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next connection.
    ///
    /// # Errors
    /// Out of descriptors, or another failure of the operating system. The listener stays usable.
    pub async fn accept(&self) -> io::Result<Connection> {
        match &self.source {
            Source::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                Connection::of_tcp(stream, self.ordinal(), self.clock)
            }
            Source::Pipe { queue, .. } => {
                let next = queue.lock().await.recv().await;
                let connection = next.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
                Ok(connection.with_ordinal(self.ordinal()))
            }
        }
    }

    fn ordinal(&self) -> u64 {
        self.accepted.fetch_add(1, Ordering::Relaxed)
    }
}
