using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tally.Telemetry.Hosting;

/// <summary>Reads <c>host:port</c>.</summary>
internal static class ListenAddress
{
    public const string Allowed = "host:port, the host being an IP address (IPv6 in brackets), localhost or *, the port 0 to 65535";

    public static bool TryParse(string text, out IPEndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.None, 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text[..colon];
        var address = host switch
        {
            "*" => Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any,
            "localhost" => IPAddress.Loopback,
            ['[', .., ']'] => IPAddress.TryParse(host[1..^1], out var six) ? six : null,
            _ when host.Count(c => c == '.') == 3 => IPAddress.TryParse(host, out var four) ? four : null,
            _ => null,
        };
        if (address is null)
        {
            return false;
        }

        endpoint = new IPEndPoint(address, port);
        return true;
    }
}
