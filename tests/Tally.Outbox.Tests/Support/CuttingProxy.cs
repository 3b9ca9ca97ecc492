using System.Net;
using System.Net.Sockets;

namespace Tally.Outbox.Tests.Support;

/// <summary>What becomes of the next statement that passes.</summary>
internal enum Cut
{
    /// <summary>Nothing: all bytes pass.</summary>
    None,

    /// <summary>The connection ends before the server sees it.</summary>
    BeforeItArrives,

    /// <summary>The server gets it, and the connection ends before its answer comes back.</summary>
    BeforeItsAnswer,
}

/// <summary>A TCP proxy before PostgreSQL that cuts a connection at the one moment that matters.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private readonly List<Task> _connections = [];
    private volatile bool _isRefusing;
    private bool _isDisposed;

    public CuttingProxy(string host, int port)
    {
        _host = host;
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes that mark the statement to cut at.</summary>
    public byte[] Mark { get; set; } = [];

    /// <summary>Set by a test; back to <see cref="Cut.None"/> once it happened.</summary>
    public Cut Next { get; set; }

    /// <summary>Whether nothing passes any more once it was cut: to the server the client is dead.</summary>
    public bool RefuseAfterCut { get; set; }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                _connections.Add(ServeAsync(client));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            if (_isRefusing)
            {
                return;
            }

            await server.ConnectAsync(_host, _port);
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var silent = new Silence();
            var forth = PassAsync(client.GetStream(), server.GetStream(), cut, silent, fromClient: true);
            var back = PassAsync(server.GetStream(), client.GetStream(), cut, silent, fromClient: false);
            await Task.WhenAny(forth, back);
            await cut.CancelAsync();
            await Task.WhenAll(forth, back);
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, CancellationTokenSource cut, Silence silence, bool fromClient)
    {
        var buffer = new byte[65_536];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cut.Token)) > 0)
            {
                if (fromClient && Next != Cut.None && buffer.AsSpan(0, read).IndexOf(Mark) >= 0)
                {
                    if (Next == Cut.BeforeItArrives)
                    {
                        Next = Cut.None;
                        return;
                    }

                    Next = Cut.None;
                    silence.IsOn = true;
                    _isRefusing = RefuseAfterCut;
                }

                if (!fromClient && silence.IsOn)
                {
                    // The answer came, so the server is done with it; the client never learns.
                    return;
                }

                await to.WriteAsync(buffer.AsMemory(0, read), cut.Token);
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or SocketException)
        {
            // Either side went away.
        }
    }

    private sealed class Silence
    {
        public volatile bool IsOn;
    }
}
