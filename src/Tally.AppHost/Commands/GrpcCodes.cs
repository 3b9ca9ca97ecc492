using System.Text;
using Grpc.Core;

namespace Tally.AppHost.Commands;

/// <summary>gRPC's codes as its specification writes them.</summary>
internal static class GrpcCodes
{
    /// <summary><c>INVALID_ARGUMENT</c> for <see cref="StatusCode.InvalidArgument"/>.</summary>
    public static string NameOf(StatusCode code)
    {
        if (code == StatusCode.OK)
        {
            return "OK";
        }

        var name = new StringBuilder();
        foreach (var letter in code.ToString())
        {
            if (char.IsAsciiLetterUpper(letter) && name.Length > 0)
            {
                name.Append('_');
            }

            name.Append(char.ToUpperInvariant(letter));
        }

        return name.ToString();
    }
}
