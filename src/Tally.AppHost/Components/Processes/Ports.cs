using System.Net;
using System.Net.Sockets;

namespace Tally.AppHost.Components.Processes;

/// <summary>Finds ports on loopback that nobody listens on.</summary>
public static class Ports
{
    // Below the range from which the system takes ports for outgoing connections, which would take one between choice and use.
    private const int First = 20_000;
    private const int Last = 32_000;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>The wanted port, or a free one when it's taken or zero.</summary>
    /// <param name="wanted">The wanted port; 0 is any.</param>
    public static int Choose(int wanted) => wanted != 0 && Claim(wanted) ? wanted : Free();

    /// <summary>A free port that wasn't given out before by this process.</summary>
    public static int Free()
    {
        for (var tries = 0; tries < 10_000; tries++)
        {
            var port = Random.Shared.Next(First, Last);
            if (Claim(port))
            {
                return port;
            }
        }

        throw new IOException($"There is no free port between {First} and {Last} on loopback.");
    }

    /// <summary>Whether nobody listens on a port.</summary>
    /// <param name="port">The port.</param>
    public static bool IsFree(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Lets a port be given out again.</summary>
    /// <param name="port">The port.</param>
    public static void Return(int port)
    {
        lock (Gate)
        {
            Given.Remove(port);
        }
    }

    private static bool Claim(int port)
    {
        lock (Gate)
        {
            return !Given.Contains(port) && IsFree(port) && Given.Add(port);
        }
    }
}
