using System.Net;
using System.Net.Sockets;

namespace Tally.Outbox.Tests.Support;

/// <summary>What becomes of the next statement that passes.</summary>
internal enum Cut
{
    /// <summary>Nothing: all bytes pass.</summary>
    None,

    /// <summary>The connection ends before the server has all of it.</summary>
    BeforeItArrives,

    /// <summary>The server gets it, and the connection ends before the client has all of the answer.</summary>
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

    /// <summary>How many bytes of what is cut, the statement or its answer, pass nevertheless.</summary>
    public int Passes { get; set; }

    /// <summary>Whether the server doesn't hear of a cut, as when a network goes dead: it waits for the rest, with all locks that it took.</summary>
    public bool HoldsServer { get; set; }

    /// <summary>The last marked statement, as the client sent it.</summary>
    public byte[] Statement { get; private set; } = [];

    /// <summary>Its answer.</summary>
    public byte[] Answer { get; private set; } = [];

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
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        var exchange = new Exchange();
        using (client)
        {
            if (_isRefusing)
            {
                return;
            }

            await server.ConnectAsync(_host, _port);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var forth = UntilGoneAsync(ForthAsync(client.GetStream(), server.GetStream(), exchange, over.Token));
            var back = UntilGoneAsync(BackAsync(server.GetStream(), client.GetStream(), exchange, over.Token));
            await Task.WhenAny(forth, back);
            await over.CancelAsync();
            await Task.WhenAll(forth, back);
        }

        if (exchange.IsHeld)
        {
            await UntilGoneAsync(Task.Delay(Timeout.InfiniteTimeSpan, _stopping.Token));
        }
    }

    private async Task ForthAsync(NetworkStream client, NetworkStream server, Exchange exchange, CancellationToken over)
    {
        var buffer = new byte[65_536];
        int read;
        while ((read = await client.ReadAsync(buffer, over)) > 0)
        {
            if (buffer.AsSpan(0, read).IndexOf(Mark) >= 0)
            {
                Statement = buffer[..read];
                exchange.IsMarked = true;
                exchange.Cut = Next;
                Next = Cut.None;
            }

            if (exchange.Cut == Cut.BeforeItArrives)
            {
                await server.WriteAsync(buffer.AsMemory(0, Passes), over);
                exchange.IsHeld = HoldsServer;
                return;
            }

            _isRefusing |= exchange.Cut == Cut.BeforeItsAnswer && RefuseAfterCut;
            await server.WriteAsync(buffer.AsMemory(0, read), over);
        }
    }

    private async Task BackAsync(NetworkStream server, NetworkStream client, Exchange exchange, CancellationToken over)
    {
        var buffer = new byte[65_536];
        int read;
        while ((read = await server.ReadAsync(buffer, over)) > 0)
        {
            if (exchange.Cut == Cut.BeforeItsAnswer)
            {
                // The answer came, so the server is done with it; the client doesn't learn all of it.
                await client.WriteAsync(buffer.AsMemory(0, Passes), over);
                return;
            }

            if (exchange.IsMarked)
            {
                Answer = buffer[..read];
                exchange.IsMarked = false;
            }

            await client.WriteAsync(buffer.AsMemory(0, read), over);
        }
    }

    private static async Task UntilGoneAsync(Task passing)
    {
        try
        {
            await passing;
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or SocketException)
        {
            // Either side went away.
        }
    }

    /// <summary>What is known of a connection, on both ways.</summary>
    private sealed class Exchange
    {
        public volatile bool IsMarked;
        public volatile Cut Cut;
        public volatile bool IsHeld;
    }
}
