using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tally.Inbox.Tests.Support;

/// <summary>A TCP cable to PostgreSQL that can be pulled and put back, and that can lose the answer to the next statement.</summary>
internal sealed class Cable : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<TcpClient, TcpClient> _connected = [];
    private readonly List<Task> _running = [];
    private readonly IPEndPoint _server;
    private volatile bool _pulled;
    private int _loseAnswers;

    public Cable(string host, int port)
    {
        _server = new IPEndPoint(IPAddress.Parse(host), port);
        _listener.Start();
        _running.Add(AcceptAsync());
    }

    /// <summary>Bytes that only a fold's statement holds.</summary>
    public byte[] Mark { get; init; } = [];

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Whether an answer that should be lost still is to come.</summary>
    public bool WillLoseAnswer => Volatile.Read(ref _loseAnswers) > 0;

    public void Pull()
    {
        _pulled = true;
        foreach (var (client, server) in _connected)
        {
            client.Close();
            server.Close();
        }
    }

    public void PutBack() => _pulled = false;

    /// <summary>Lets the next statement that contains the text arrive, and cuts the connection when its answer comes.</summary>
    public void LoseNextAnswer() => Interlocked.Increment(ref _loseAnswers);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        Pull();
        await Task.WhenAll(_running);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                lock (_running)
                {
                    _running.Add(ServeAsync(client));
                }
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            if (_pulled)
            {
                return;
            }

            client.NoDelay = true;
            await server.ConnectAsync(_server);
            _connected[client] = server;
            var lose = new StrongBox();
            await Task.WhenAny(PassAsync(client, server, lose, forth: true), PassAsync(server, client, lose, forth: false));
            _connected.TryRemove(client, out _);
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, StrongBox lose, bool forth)
    {
        var buffer = new byte[65_536];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer, _stopping.Token)) > 0)
            {
                if (!forth && lose.IsSet)
                {
                    // The server has done it; the client never learns.
                    Interlocked.Decrement(ref _loseAnswers);
                    return;
                }

                lose.IsSet |= forth && WillLoseAnswer && buffer.AsSpan(0, read).IndexOf(Mark) >= 0;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stopping.Token);
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Either side went away.
        }
    }

    private sealed class StrongBox
    {
        public volatile bool IsSet;
    }
}
