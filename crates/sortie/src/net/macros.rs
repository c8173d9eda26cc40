//! What several kinds of socket have: each kind has std's methods of its own.

/// What every socket has.
macro_rules! common {
    ($name:ident, $std:ty) => {
        impl $name {
            /// Another handle of the same socket. Settings such as deadlines are each
            /// handle's own.
            ///
            /// # Errors
            /// If it is closed, or the system refuses.
            pub fn try_clone(&self) -> io::Result<Self> {
                let inner = self.0.inner().try_clone()?;
                self.0.sibling(inner).map(Self)
            }

            /// Gets the value of the `SO_ERROR` option, and clears it.
            ///
            /// # Errors
            /// If the system refuses.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.0.inner().take_error()
            }

            /// Closes the socket for all who use it: those who wait are woken, and they
            /// and all who come later get a [`ClosedError`](super::ClosedError). Clones
            /// made by `try_clone` stay open.
            ///
            /// Go's `Close`. To drop it does the same, when nobody uses it any more.
            ///
            /// # Errors
            /// If it is closed already, or the system refuses.
            pub fn close(&self) -> io::Result<()> {
                self.0.close()
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.0.as_fd().as_raw_fd()
            }
        }

        impl IntoRawFd for $name {
            fn into_raw_fd(self) -> RawFd {
                <$std>::from(self).into_raw_fd()
            }
        }

        impl FromRawFd for $name {
            unsafe fn from_raw_fd(fd: RawFd) -> Self {
                // SAFETY: as this function's.
                Self::from(unsafe { <$std>::from_raw_fd(fd) })
            }
        }

        impl From<OwnedFd> for $name {
            fn from(fd: OwnedFd) -> Self {
                Self::from(<$std>::from(fd))
            }
        }

        impl From<$name> for OwnedFd {
            fn from(socket: $name) -> Self {
                <$std>::from(socket).into()
            }
        }

        // As std's: a panic leaves nothing half done in it.
        impl UnwindSafe for $name {}
        impl RefUnwindSafe for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.inner().fmt(f)
            }
        }
    };
}

/// What listeners have.
macro_rules! listener {
    ($name:ident, $std:ty) => {
        common!($name, $std);

        impl $name {
            /// Whether `accept` on this handle fails with
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting.
            ///
            /// # Errors
            /// None; the result is as std's.
            pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                self.0.set_nonblocking(nonblocking);
                Ok(())
            }

            /// From then on `accept` fails, with an error of kind
            /// [`TimedOut`](io::ErrorKind::TimedOut), until there is another deadline or
            /// none; also for those who wait already.
            ///
            /// Go's `SetDeadline`.
            pub fn set_deadline(&self, deadline: Option<Instant>) {
                self.0.set_deadline(Direction::Read, deadline);
            }
        }

        /// The descriptor becomes non-blocking, as do all that stand for the same
        /// listener.
        impl From<$std> for $name {
            fn from(listener: $std) -> Self {
                let nonblocking = SockRef::from(&listener).nonblocking().unwrap_or(false);
                let own = Self(Socket::new(listener));
                own.0.set_nonblocking(nonblocking);
                // Fails only if it is no descriptor; then so does everything else.
                let _ = own.0.inner().set_nonblocking(true);
                own
            }
        }

        /// The descriptor waits again, as do all that stand for the same listener: a clone of
        /// this type holds its thread then when it accepts, whatever its deadline, and even
        /// if it is closed meanwhile.
        impl From<$name> for $std {
            fn from(listener: $name) -> Self {
                let nonblocking = listener.0.is_nonblocking();
                let inner = listener.0.into_inner();
                let _ = inner.set_nonblocking(nonblocking);
                inner
            }
        }
    };
}

/// What connections and datagram sockets have.
macro_rules! duplex {
    ($name:ident, $std:ty) => {
        common!($name, $std);

        impl $name {
            /// Whether calls fail with [`WouldBlock`](io::ErrorKind::WouldBlock) instead
            /// of waiting.
            ///
            /// # Errors
            /// If the system refuses.
            pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                self.0.inner().set_nonblocking(nonblocking)?;
                self.0.set_nonblocking(nonblocking);
                Ok(())
            }

            /// How long a call that reads waits at most; then it fails, as the system
            /// says it, with an error of kind [`WouldBlock`](io::ErrorKind::WouldBlock).
            ///
            /// # Errors
            /// If it is zero.
            pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.0.set_timeout(Direction::Read, timeout)
            }

            /// The same for writing.
            ///
            /// # Errors
            /// If it is zero.
            pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.0.set_timeout(Direction::Write, timeout)
            }

            /// What [`set_read_timeout`](Self::set_read_timeout) has set.
            ///
            /// # Errors
            /// None; the result is as std's.
            pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.0.timeout(Direction::Read))
            }

            /// What [`set_write_timeout`](Self::set_write_timeout) has set.
            ///
            /// # Errors
            /// None; the result is as std's.
            pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.0.timeout(Direction::Write))
            }

            /// [`set_read_deadline`](Self::set_read_deadline) and
            /// [`set_write_deadline`](Self::set_write_deadline) in one.
            ///
            /// Go's `SetDeadline`.
            pub fn set_deadline(&self, deadline: Option<Instant>) {
                self.set_read_deadline(deadline);
                self.set_write_deadline(deadline);
            }

            /// From then on reading fails, with an error of kind
            /// [`TimedOut`](io::ErrorKind::TimedOut), until there is another deadline or
            /// none; also for those who wait already. One in the past ends all reading at
            /// once.
            ///
            /// Go's `SetReadDeadline`.
            pub fn set_read_deadline(&self, deadline: Option<Instant>) {
                self.0.set_deadline(Direction::Read, deadline);
            }

            /// The same for writing.
            ///
            /// Go's `SetWriteDeadline`.
            pub fn set_write_deadline(&self, deadline: Option<Instant>) {
                self.0.set_deadline(Direction::Write, deadline);
            }

            /// Shuts down reading, writing, or both. Whoever waits for that is woken.
            ///
            /// Go's `CloseRead`, `CloseWrite`.
            ///
            /// # Errors
            /// If it is not connected.
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                SockRef::from(self.0.inner()).shutdown(how)
            }
        }

        impl From<$std> for $name {
            fn from(socket: $std) -> Self {
                let nonblocking = SockRef::from(&socket).nonblocking().unwrap_or(false);
                let read = socket.read_timeout().unwrap_or(None);
                let write = socket.write_timeout().unwrap_or(None);
                let own = Self(Socket::new(socket));
                own.0.set_nonblocking(nonblocking);
                let _ = own.0.set_timeout(Direction::Read, read);
                let _ = own.0.set_timeout(Direction::Write, write);
                own
            }
        }

        impl From<$name> for $std {
            fn from(socket: $name) -> Self {
                let read = socket.0.timeout(Direction::Read);
                let write = socket.0.timeout(Direction::Write);
                let inner = socket.0.into_inner();
                // Also if there is none: it may have had one when it was made.
                let _ = inner.set_read_timeout(read);
                let _ = inner.set_write_timeout(write);
                inner
            }
        }
    };
}

/// What sockets for datagrams have.
macro_rules! datagram {
    ($name:ident, $std:ty) => {
        duplex!($name, $std);

        impl $name {
            /// Receives a datagram: if the socket is connected, from there only. After
            /// [`shutdown`](Self::shutdown) it is one of no bytes.
            ///
            /// # Blocking
            /// Parks the calling goroutine, or blocks the calling OS thread, until there
            /// is one.
            ///
            /// # Errors
            /// If there is none in time, it is closed, or as the system says. When
            /// receiving was shut down it is no error that there is nothing.
            #[track_caller]
            pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.receive_datagram(How::read(None), 0, |inner, flags| {
                    receive(inner, buffer, flags)
                })
            }

            /// As [`recv`](Self::recv), until the context ends at most.
            ///
            /// # Errors
            /// As `recv`, or if the context has ended; the
            /// [`ContextError`](crate::context::ContextError) is inside.
            #[track_caller]
            pub fn recv_ctx(&self, buffer: &mut [u8], context: &Context) -> io::Result<usize> {
                let how = How::read(Some(context));
                self.0
                    .receive_datagram(how, 0, |inner, flags| receive(inner, buffer, flags))
            }

            /// As [`recv`](Self::recv), but the datagram stays to be received again.
            ///
            /// # Errors
            /// As `recv`.
            #[track_caller]
            pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
                let how = How::read(None);
                self.0
                    .receive_datagram(how, libc::MSG_PEEK, |inner, flags| {
                        receive(inner, buffer, flags)
                    })
            }

            /// Sends a datagram to the socket that it is connected to.
            ///
            /// # Blocking
            /// Parks the calling goroutine, or blocks the calling OS thread, until there
            /// is room.
            ///
            /// # Errors
            /// If there is none in time, it is closed, or as the system says.
            #[track_caller]
            pub fn send(&self, buffer: &[u8]) -> io::Result<usize> {
                self.0
                    .operate(How::write(None), |inner| send(inner, buffer))
            }

            /// As [`send`](Self::send), until the context ends at most.
            ///
            /// # Errors
            /// As `send`, or if the context has ended; the
            /// [`ContextError`](crate::context::ContextError) is inside.
            #[track_caller]
            pub fn send_ctx(&self, buffer: &[u8], context: &Context) -> io::Result<usize> {
                self.0
                    .operate(How::write(Some(context)), |inner| send(inner, buffer))
            }
        }
    };
}

/// What connections have.
macro_rules! stream {
    ($name:ident, $std:ty) => {
        duplex!($name, $std);

        impl $name {
            /// As [`read`](Read::read), but what is read stays to be read again.
            ///
            /// # Blocking
            /// Parks the calling goroutine, or blocks the calling OS thread, until there is
            /// something.
            ///
            /// # Errors
            /// As `read`.
            #[track_caller]
            pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
                let flags = libc::MSG_PEEK;
                self.0
                    .operate(How::read(None), |inner| receive_some(inner, buffer, flags))
            }

            /// As [`read`](Read::read), until the context ends at most.
            ///
            /// # Errors
            /// As `read`, or if the context has ended; the
            /// [`ContextError`](crate::context::ContextError) is inside.
            #[track_caller]
            pub fn read_ctx(&self, buffer: &mut [u8], context: &Context) -> io::Result<usize> {
                let how = How::read(Some(context));
                self.0.operate(how, |inner| receive_some(inner, buffer, 0))
            }

            /// As [`write`](Write::write), until the context ends at most.
            ///
            /// # Errors
            /// As [`read_ctx`](Self::read_ctx).
            #[track_caller]
            pub fn write_ctx(&self, buffer: &[u8], context: &Context) -> io::Result<usize> {
                let how = How::write(Some(context));
                self.0.operate(how, |inner| send(inner, buffer))
            }

            /// As [`write_all`](Write::write_all), until the context ends at most. Some
            /// of it may have been written then.
            ///
            /// # Errors
            /// As [`read_ctx`](Self::read_ctx).
            #[track_caller]
            pub fn write_all_ctx(&self, mut buffer: &[u8], context: &Context) -> io::Result<()> {
                while !buffer.is_empty() {
                    match self.write_ctx(buffer, context)? {
                        0 => return Err(io::ErrorKind::WriteZero.into()),
                        written => buffer = &buffer[written..],
                    }
                }
                Ok(())
            }
        }

        impl Read for &$name {
            #[track_caller]
            #[inline]
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let how = How::read(None);
                self.0.operate(how, |inner| receive_some(inner, buffer, 0))
            }

            #[track_caller]
            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let how = How::read(None);
                self.0
                    .operate(how, |inner| receive_vectored(inner, buffers))
            }
        }

        impl Write for &$name {
            #[track_caller]
            #[inline]
            fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
                self.0
                    .operate(How::write(None), |inner| send(inner, buffer))
            }

            #[track_caller]
            fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                self.0
                    .operate(How::write(None), |inner| send_vectored(inner, buffers))
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl Read for $name {
            #[track_caller]
            #[inline]
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&*self).read(buffer)
            }

            #[track_caller]
            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&*self).read_vectored(buffers)
            }
        }

        impl Write for $name {
            #[track_caller]
            #[inline]
            fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
                (&*self).write(buffer)
            }

            #[track_caller]
            fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                (&*self).write_vectored(buffers)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}
