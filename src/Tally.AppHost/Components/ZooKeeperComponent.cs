using System.Net.Sockets;
using System.Text;
using Tally.AppHost.Components.Processes;

namespace Tally.AppHost.Components;

/// <summary>The ZooKeeper that an old Kafka keeps its state in.</summary>
/// <param name="context">What components share.</param>
/// <param name="java">How it is run.</param>
internal sealed class ZooKeeperComponent(ComponentContext context, JavaCommand java) : Component("zookeeper")
{
    /// <summary>Its port on loopback.</summary>
    public int Port { get; } = Ports.Free();

    public override bool Listed => false;

    public override string LogFile => context.Folder.Log(Name);

    private string Folder => Path.Combine(context.Folder.In("kafka"), "zookeeper");

    public override async Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Folder);
        var properties = Path.Combine(Folder, "zookeeper.properties");
        var settings = $"dataDir={JavaProperties.Value(Path.Combine(Folder, "data"))}\nclientPort={Port}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\ntickTime=1000\n";
        await File.WriteAllTextAsync(properties, settings, cancellationToken);
        var logging = await OldKafkaComponent.WriteLoggingAsync(Folder, cancellationToken);
        return java.Plan("256m", LogFile, [logging], "org.apache.zookeeper.server.quorum.QuorumPeerMain", properties);
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        while (await AskAsync("ruok", cancellationToken) != "imok")
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Waits until ZooKeeper has forgotten a broker that was killed: until its session expires, none with its id may start.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task WaitForBrokerToBeForgottenAsync(CancellationToken cancellationToken)
    {
        while ((await AskAsync("dump", cancellationToken)).Contains("/brokers/ids/", StringComparison.Ordinal))
        {
            await Task.Delay(100, cancellationToken);
        }
    }

    // Its commands of four letters; empty when it doesn't answer.
    private async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port, cancellationToken);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command), cancellationToken);
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync(cancellationToken);
        }
        catch (Exception notYet) when (notYet is SocketException or IOException)
        {
            return "";
        }
    }
}
