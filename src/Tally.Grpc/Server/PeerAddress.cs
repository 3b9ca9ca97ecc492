using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Tally.Rpc.Server;

/// <summary>The caller's address as gRPC writes it.</summary>
internal static class PeerAddress
{
    public static string Of(ConnectionInfo connection) => connection.RemoteIpAddress switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } mapped => Of(mapped.MapToIPv4(), connection.RemotePort),
        var address => Of(address, connection.RemotePort),
    };

    private static string Of(IPAddress address, int port) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"ipv6:[{address}]:{port}" : $"ipv4:{address}:{port}";
}
