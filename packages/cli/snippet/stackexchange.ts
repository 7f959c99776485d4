import { heredoc } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function stackexchangeSnippet(target: SnippetTarget): Snippet {
  const { imported, loaded, checked } = authorityOf(target);
  const code = `#:package StackExchange.Redis@2.*
${imported}using StackExchange.Redis;

${loaded}var options = new ConfigurationOptions
{
    EndPoints = { { ${JSON.stringify(target.host)}, ${target.tlsPort} } },
    Password = ${JSON.stringify(target.key)},
    Ssl = true,
    SslHost = ${JSON.stringify(target.host)},
    AbortOnConnectFail = false,
};
${checked}
await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
var database = connection.GetDatabase();
await database.StringSetAsync("greeting", "hello");
Console.WriteLine(await database.StringGetAsync("greeting"));
`;
  const shell = `${heredoc("cat > cache.cs", code)}dotnet run cache.cs\n`;
  return { title: ".NET 10, package StackExchange.Redis", code, shell };
}

/** The library has no option for an authority of one's own, hence the check by a chain that trusts only this one. */
function authorityOf({ caPath }: SnippetTarget): { imported: string; loaded: string; checked: string } {
  if (caPath === null) return { imported: "", loaded: "", checked: "" };
  return {
    imported: "using System.Net.Security;\nusing System.Security.Cryptography.X509Certificates;\n",
    loaded: `var authority = X509CertificateLoader.LoadCertificateFromFile(${JSON.stringify(caPath)});\n`,
    checked: `options.CertificateValidation += (_, certificate, _, errors) =>
{
    if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
    using var chain = new X509Chain();
    chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
    chain.ChainPolicy.CustomTrustStore.Add(authority);
    chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
    return chain.Build(new X509Certificate2(certificate));
};
`,
  };
}
