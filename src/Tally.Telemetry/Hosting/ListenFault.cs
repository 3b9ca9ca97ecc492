using System.Net;
using System.Net.Sockets;

namespace Tally.Telemetry.Hosting;

/// <summary>An address that a setting asks to listen on.</summary>
internal sealed record WantedAddress(string Setting, string Value, IPEndPoint Endpoint);

/// <summary>Says which setting's address can't be had, and why.</summary>
internal static class ListenFault
{
    /// <summary>A refused listener; the server wraps it once or twice, or not at all. (A refused connection is somebody else's trouble.)</summary>
    public static SocketException? In(Exception? fault) => fault switch
    {
        null => null,
        SocketException
        {
            SocketErrorCode: SocketError.AddressAlreadyInUse or SocketError.AccessDenied or SocketError.AddressNotAvailable,
        } socket => socket,
        _ => In(fault.InnerException),
    };

    /// <summary>The server's exception names no setting and sometimes not even the address, so each one is tried.</summary>
    public static IEnumerable<string> Lines(SocketException fault, IReadOnlyList<WantedAddress> wanted)
    {
        var refused = wanted.Select(address => (Address: address, Fault: TryListen(address.Endpoint))).Where(tried => tried.Fault is not null).ToList();
        return refused.Count > 0
            ? refused.Select(tried => Sentence(tried.Address, tried.Fault!))
            : [$"An address to listen on can't be had: {fault.Message}."];
    }

    private static string Sentence(WantedAddress address, SocketException fault)
    {
        var why = fault.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => "the port is taken by another process",
            SocketError.AccessDenied => "this user may not listen on that port",
            SocketError.AddressNotAvailable => "this machine has no such address",
            _ => fault.Message,
        };
        return $"{address.Setting} is '{address.Value}', but {why}. Set {address.Setting} to another address (port 0 takes a free one).";
    }

    private static SocketException? TryListen(IPEndPoint endpoint)
    {
        try
        {
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endpoint);
            socket.Listen();
            return null;
        }
        catch (SocketException fault)
        {
            return fault;
        }
    }
}
