"""The typeface of our documents: the characters that it has, packed (see ``printable.py``).

Written by ``./run golden`` from the font file.
"""

from datetime import date

from kaipiao.regimes.cn.dated import Dated


class Typeface(Dated, frozen=True, kw_only=True):
    """``packed``: runs of code points, each as the gap before it and its length less one, in
    groups of seven bits; compressed (zlib); base 85."""

    name: str
    packed: str


TYPEFACE = Typeface(
    name="LXGW WenKai 1.250",
    since=date(2021, 12, 1),
    source="the cmap of the font file in kaipiao.delivery.renditions.font",
    packed=(
        "c-nngX{=pU6<%xaeWrWvdH3D%&986ldo3+(DW!!1rKD1zP?_4&FllH+#V`mKP=kO(5J52@2pWhCf}%#Eq$(0k1p_"
        "3=Y_w5B9EdUa!vPZ~;<wg0=iYPQeKjxl_MWr%Uc<N6`qtjN6X#Fe?hHHMvKLqmd>dP~<S0rEl_?}^N@Us41VvQmh"
        "<x9WshdNL?`(@4hZkTK2iEccKGu31d!Fs%KK2spm-xpuy4%v%hsilCVe6bV)PO)k`?+dm4atMys&l0p<C!D&IPoH"
        "`klB5ey$uq5Q?e!sjOW9kNX()-Io~S{M1~D}Fm8gUL@Jg$b}+ewe~k$+(<dJz0mjTmFB-G4@jOvkvt^3mrZHF**u"
        "+`SILHDNCc#oMr2?1AFd4J#u)oa0BuI}TGhu5^3=%*UQdpa$VXE6%nxod89AC$#&zabSfCkd^Beof?yNJpRfpFWy"
        "+LEmX5o{SR8SDJ2SEUlyDWM@dLRE}gn&lQvL{s#LqbHb8<uw$VI>lJOib8LUYgqlDM<)!Kvy<0(B=&}E0<S}8*kR"
        "x2FE@uBGvLUZ9ve3^$w$3&%qwhQ#1LX<#8rwIphAcT#}a%4Fm7;6{ZwHw(SvLFHiP&cqfyLVEub>yQUkv<O8{>L?"
        ")fwbsRB=lM5<&?h+pEoM}zp~Ng(h&iICMGBgT`AH!*L3*5R!LOdu&!4IhW6J{B7tLcD}#@va}AD&4|BAy&gZG2X<"
        "QNWLoep(a%GVodF$<DkrmYL}$xMv@t#49RX1JoV#U6|>7Q4iUv05AFs?{Ap@o)&L9;R}C`HsDt840H+!>g1<5y0r"
        "QsttSTJ>X#!8Az&d;qg)s!^;tDK+%>oSy4PzDKD<~13n~>F~j$29;N;po3VKjkM0E~Czcq*yIBGaRdT14YmSJHPe"
        "Ema6(g*U<P7Ct~pfvf1R8R$tcKT<0_ycN%UI+W&Vk}rqEJ~|fuNS<xwmH0Moe8-Unb;$Jaudfzbu9DUQigp7XuVF"
        "*pikB>jg&L#vKypa2TmqdXVArR9_^Mr=V~h;w8yRzS5}l7{!AoK|O`_vS#mUpiu7tE>6{RNZ5kw=Exd(4bSU)SCv"
        "D8`(PXjzmn}JRRvo6DPgLYwU2p?9{(TI$XcsEG0WCf~lObAb7=kQkpJyx)Gf=0OHZ=*GM-{SDOhxp}a)#Hw@rI$m"
        "fvDOcavkC+lM42?!WD_9`PAdX*1mbh~EF*O&za->NQv!};b1^35!@kPWwV6Dl?h5;6`r3M;G{My#uduqz0bGjO^P"
        "`Scur*yj+ObioP6C(d75ljD8&Y<)j^W9Q{IVu{YC$YCs<K3?+GadxhXvfo=7d_1qbe~-twb=&ZGWtmhy04$l29Zv"
        "6K|Iky%q#vgK?s#8+|E{X;x2!gpI#&oKv41n5&2|T7ee)OlE`0a4TTTIpz&bqRdu!sh-Jf(?+q4bU}k+i-rhbUB@"
        "cgp!s0ZmLc(%rq&*HSsYV)(+qLhOq1nLLoI6Conc(Gw%MI2>0BYSV)WbDkViPRp@ZP2)Srd8Lc@%XB$;ISSMWJJj"
        "Wu#(x{a4ZbaE`CcD!B3-dwMBwir2~tLa{wiYpYYgiImhQ(vo~zOblcLDh6)m7$krH!q?`Hyz^(MvO~iZ#x+Y3<KC"
        "RUCaV(H5Raik<1uPGqzCe{XE?hG3ALo_tQqh?e`hNjV!h{M_0EL?I>$C0b1u}5;_&0{!VDFixK=hTA97jmGRbK&I"
        "Y-~+JM7MUYuuaZmaGLq@jjf@5+{iNY57WGG6DYtClM?pIRndCi#u6n=yHYNY*tp>zcV_)pAaOjpn){h{)L<&MVCD"
        "vYOVaaap|@uUM-Ksy0!c>O?h{T=1L21#HvFr<`qc8`;4%tJ%)Xpokx*te#ewa;(^`xh1@p<7auakd>BGdk$|ijGy"
        "sY7SS$N&UrlNz?GRj!k}3lgRi=LLDGT6vDIFPl{V|HJjOOx>c&s~?q+;t9?#`{lob(^^-J9r7NwW}U;P%@nmT<UC"
        "}hv#>vAo=M#Ti}T2p!O(z=WT(ys4!*`&Quw~;;Ff&HGYt`=pO=hfhlTR9^%I9R}&)o#CvY}R4huINm6)w<OPrG3T"
        "g$!OW`O&8uYsl)sobONpMPS#9NP|O;ZnjA%D*#e(CWyNggP{b_T_2gZnw<>eqak=kZ2!eaNSiiqJGczj(dpg6yDw"
        "{6un0V37BW$yPDZ67S-i-FH)of^HhnLYsJP0}r)@5P2jq3D5slozXv1=B4&_VDU?BTjWt?x>EU$AJG)Tl1Dn`rm;"
        "-YV|hTk`sYMmMj6u)Ry}_}b9;4)*M!^Zak-@$c$}g_vZ$rih)(_E-nS@8CH=Z4T2@wC!U3IGbB(uj%RR`MRQw?Mz"
        "G-)7s`ZV}o2<XRlqD|7Jh^Hwq54=+P>oXK+}u_$))!$ib{8_c}PCC#c<6pQA||n_<(qgWavZkHfGv_0X7_v3K!(y"
        "xFt#>?V5YO|x^<-LjFAQGYlXa--MaK)lS`SE8rA<h~dxhTwc1XQ+9hYpCthWBzcqMUJ#U<)Wae7ZLL~+xgtY8SfH"
        "01?}jwOc&8!y3SBdspS~D3S$Gb9cR`LV&#cA$2r;wc~{dl*y5d|r_DLJDEJ}E8IC@HXSvGiqjy6?4d=raKwE~*l}"
        "E?nOg8{9#Ljs-3bPWvh?i*kd$f)xc`c9A790pd=vxkLI4xt{7A5hOka!bA=pNci7vs~SLtxSxOgjn(-&aM-F?1V4"
        "bwpFZ`6Bu_M)uNAn2yj?x*V2{(=QC&CAQAfX*iQU%k)R4w+t%pai)Je99S##2J>3IqmYK|(JKrHPlm<^nQmaXalq"
        "2w84wOZoE)8ftb%EBdfukz_jFUdRZAe$B$*-c3}MEiguZHMH}qUcZ!_<=bgzMhhoY=nFk>^_YUxtCjuDU79Q})d{"
        "?%CBg0(Grok;*2VmYn{u%!tDx6@P1uQ7)IBgH8<4ksZt=g|gCF5^6ZEuII&{LS<i1~?&*xSQeAg_?Uuik81JJ-~Q"
        "BOZPBc0mrX|0n6xo*s_ie!}8U17M5Cs?Kx5P4W?Hak7KZX8Er&<%+VuEtLQC;z^57M(S+mUaD9is_B*Cu%E%`Ty<"
        "zBPqnAi4=pRg<WBN8DcBf<VW_rORxqMrpmIcr#b@?p@n(xKHrx<JQG4v1vg$?){M}$wq_YOdRCSL)WBS@XyaB&sZ"
        "-OfOL8=QHD=^aDgH*`}#OA!H!eD8-mIQ}E1=MDWpQs54zeHO^@3_Z#8F~oBZa{UHF&s#~O5;9KCR?jdF(lan@50I"
        "|Vmzd6_Pe@ST1E+?N-``{u2^=1SfxnjYLvHP3+5}-skjDG8-P500S<=^&`Cfe$(_;*+*9u_UA^J_9u6N*xqoMg;t"
        "5?J$uzv&~Owt8(F28N*Zw#$3IlP`jlxBd-BvNq<fiDZ<JG8!p=JqrHp6LsQ_8Ynr0XL%M84hP?EsEthxOa+H;^lx"
        "&?w@u8+Ny3GmO{f6-6GdlAENIt{nTRUX(_eC=`&21Av0tj6PsPA1UZS$VW9<iybEQvMk38+_0>q7$j|K(Nu$?LRv"
        "CPrPSxw!7CXHnb87TF`cQg;I#16*1E2w6c1P)r>S`{#MCFQ{QRtD&sS&E{?MR*axL@~Ha#hujPIo8kt=EkVw?5B^"
        "mk{$(z_yCMDA5Qt=XN7fKG5Hb;R=04N=`yEf!MA`DV#u$vfB6?=AB^K2}rC%&LsVb)$S3DNoAI`Z`Y8xTh!hu6z7"
        "DL*BZqDp*{(z=+j5!!Y%XEmt7wViT_Ltx(thshTbcA9lph>n%=qkdM9@?<5YG$gk1`MMujudJMh4|?CPq_vf0x+*"
        "zBfsUPBQBsGAv6&cNyt9V*)81OvfmLs3ZuRp6Y*bEtez8;Rb(@fq5)?y&S_MucCK413r}7QQIzUtrk#6w~#F4lw="
        "J=O-AmU$pe3p@*4%&h#s03HbwZ{ds^j?fX#_CjuD0pV3Q@0sl0-Nh<CHn&PdXKSx_w2>h`@y>ShdV`bx8$J$s)xW"
        "!d{JEo(N1~SxS@mY#uR#~cou-sP0-hYtSK!2>4t1YOPzPyxH@KTLn6{1DZEKo=U*V6!s96*M2*q~y3=$_(PP^H`j"
        "d%E2K@AD;c8!Y$b(u;OM&XDB%Swh+f(IpUlIuZ<<XT9J4FbX6BEvy$JfI-V?fG@`Tt@sP&ewf9;SeuQc(sG2_hgl"
        "`8lN;x4_;sT&Q>dpsqu@xa&eWDC|CjK7{ROguv1h3h0=ZnThcI&-EB?SVh|ScIBuAaoS#FF^1{788fKoiN72HBXL"
        "_YUve-FTp*e$GsuALbCTDpDOC6V8R(&kI)yWmtSt)c`g%9wMqoMu4q7h_dT5@8%ZTnJ>V(tEC#iJz8qIKYa?I3jz"
        "$WLOP<?|g49{STh#U0e"
    ),
)
