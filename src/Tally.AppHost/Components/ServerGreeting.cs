using System.Net.Sockets;

namespace Tally.AppHost.Components;

/// <summary>
/// Sees whether a server does more than listen: the kernel takes connections for a frozen one, too. Asks what any client may ask before it logs in, and takes any answer for a sign of
/// life, also a refusal or the connection's end.
/// </summary>
internal static class ServerGreeting
{
    /// <summary>PostgreSQL's SSLRequest: its length and its code. Answered with one byte.</summary>
    private static readonly byte[] ToPostgres = [0, 0, 0, 8, 4, 210, 22, 47];

    /// <summary>Kafka's ApiVersions request: its length, key 18, version 0, a correlation id, and no client id.</summary>
    private static readonly byte[] ToKafka = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255];

    /// <summary>Connects, and waits for an answer where the protocol has a question for that.</summary>
    /// <param name="component">The component's name.</param>
    /// <param name="server">Where it listens, as <c>host:port</c>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="SocketException">Nothing listens there.</exception>
    public static async Task ExchangeAsync(string component, string server, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        var address = new Uri($"tcp://{server}");
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        var question = component switch
        {
            "postgres" => ToPostgres,
            "kafka" => ToKafka,
            _ => [],
        };
        if (question.Length > 0)
        {
            await client.Client.SendAsync(question, cancellationToken);
            await client.Client.ReceiveAsync(new byte[1], cancellationToken);
        }
    }
}
